// The rarer calls, and what fairlead does not serve: its refusals must be JSON with a code.
import { nango, report, told } from './judge.js';

const { integration } = told;
const variant = {
    name: 'drive-items',
    variant: 'mine',
    provider_config_key: integration,
    connection_id: 'megan'
};

await report({
    createQuickstartIntegration: () =>
        nango.createQuickstartIntegration({ provider: 'sharepoint-online', unique_key: 'quick' }),
    getFunctionCode: () => nango.getFunctionCode({ uniqueKey: integration, name: 'drive-items' }),
    deleteFunction: () =>
        nango.deleteFunction({ uniqueKey: integration, name: 'drive-items' }, { type: 'sync' }),
    getScriptsConfig: () => nango.getScriptsConfig(),
    getScriptsConfigOpenAi: () => nango.getScriptsConfig('openai'),
    pruneRecords: () =>
        nango.pruneRecords({
            providerConfigKey: integration,
            connectionId: 'megan',
            model: 'DriveItem',
            untilCursor: 'x'
        }),
    createSyncVariant: () => nango.createSyncVariant(variant),
    deleteSyncVariant: () => nango.deleteSyncVariant(variant),
    getEnvironmentVariables: () => nango.getEnvironmentVariables(),
    getAsyncActionResult: () =>
        nango.getAsyncActionResult({ id: '5b8f6a86-8f56-4c9b-a3a3-8a5b6a1e2c11' }),
    getAsyncActionResultByUrl: () =>
        nango.getAsyncActionResult({ statusUrl: '/action/5b8f6a86-8f56-4c9b-a3a3-8a5b6a1e2c11' })
});
