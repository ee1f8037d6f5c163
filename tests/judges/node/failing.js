import { nango, report, settled, told } from './judge.js';

const { integration } = told;

await report({
    failed: () => settled(integration, { status: 'ERROR' }),
    flagged: () => nango.getConnection(integration, 'megan'),
    listed: () => nango.listConnections({ integrationId: integration }),
    trigger: () => nango.triggerSync(integration, ['drive-items'], 'megan'),
    mended: () => settled(integration, { status: 'SUCCESS' }),
    cleared: () => nango.getConnection(integration, 'megan')
});
