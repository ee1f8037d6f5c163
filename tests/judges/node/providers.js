import { nango, report } from './judge.js';

await report({
    all: () => nango.listProviders({}),
    found: () => nango.listProviders({ search: 'SHARE' }),
    none: () => nango.listProviders({ search: 'nobody' }),
    one: () => nango.getProvider({ provider: 'sharepoint-online' }),
    unknown: () => nango.getProvider({ provider: 'nobody' }),
    templates: () => nango.getProviderTemplates({ provider: 'sharepoint-online' })
});
