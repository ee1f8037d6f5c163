// Every method with a key that opens nothing.
import { nango, report } from './judge.js';

const proxied = { providerConfigKey: 'a', connectionId: 'b', endpoint: '/c' };

await report({
    listProviders: () => nango.listProviders({}),
    getProvider: () => nango.getProvider({ provider: 'sharepoint-online' }),
    listIntegrations: () => nango.listIntegrations(),
    getIntegration: () => nango.getIntegration({ uniqueKey: 'a' }),
    createIntegration: () =>
        nango.createIntegration({ provider: 'sharepoint-online', unique_key: 'a' }),
    updateIntegration: () => nango.updateIntegration({ uniqueKey: 'a' }, { display_name: 'b' }),
    deleteIntegration: () => nango.deleteIntegration('a'),
    listFunctions: () => nango.listFunctions({ uniqueKey: 'a' }),
    createConnectSession: () => nango.createConnectSession({ end_user: { id: 'u' } }),
    createReconnectSession: () =>
        nango.createReconnectSession({ connection_id: 'a', integration_id: 'b' }),
    listConnections: () => nango.listConnections({}),
    getConnection: () => nango.getConnection('a', 'b'),
    getToken: () => nango.getToken('a', 'b'),
    patchConnection: () =>
        nango.patchConnection({ connectionId: 'a', provider_config_key: 'b' }, { tags: {} }),
    setMetadata: () => nango.setMetadata('a', 'b', { c: 1 }),
    updateMetadata: () => nango.updateMetadata('a', 'b', { c: 1 }),
    deleteConnection: () => nango.deleteConnection('a', 'b'),
    listRecords: () =>
        nango.listRecords({ providerConfigKey: 'a', connectionId: 'b', model: 'Model' }),
    triggerSync: () => nango.triggerSync('a', ['b'], 'c'),
    startSync: () => nango.startSync('a', ['b'], 'c'),
    pauseSync: () => nango.pauseSync('a', ['b'], 'c'),
    syncStatus: () => nango.syncStatus('a', '*', 'c'),
    updateSyncConnectionFrequency: () => nango.updateSyncConnectionFrequency('a', 'b', 'c', '1h'),
    triggerAction: () => nango.triggerAction('a', 'b', 'c'),
    proxyGet: () => nango.get(proxied),
    proxyPost: () => nango.post({ ...proxied, data: {} })
});
