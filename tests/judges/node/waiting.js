// The client looks at once, and again 10 seconds later.
import { nango, report, told } from './judge.js';

const { integration, user } = told;

await report({
    aborted: () =>
        nango.waitForConnection(integration, 'nobody', { signal: AbortSignal.timeout(100) }),
    connected: () => nango.waitForConnection(integration, user)
});
