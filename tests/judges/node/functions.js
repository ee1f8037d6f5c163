import { nango, report, told } from './judge.js';

const key = { uniqueKey: told.integration };

await report({
    all: () => nango.listFunctions(key),
    syncs: () => nango.listFunctions(key, { type: 'sync', page: 0, limit: 5 }),
    itemSyncs: () => nango.listFunctions(key, { type: 'sync', search: 'drive-items' }),
    actions: () => nango.listFunctions(key, { type: 'action', search: 'drive' }),
    sync: () => nango.getFunction({ ...key, name: 'drive-items' }, { type: 'sync' }),
    action: () => nango.getFunction({ ...key, name: 'get-drive-item' }),
    unknown: () => nango.getFunction({ ...key, name: 'nothing' }),
    ofUnknown: () => nango.listFunctions({ uniqueKey: 'nobody' })
});
