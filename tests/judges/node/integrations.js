import { nango, report, told } from './judge.js';

const { credentials } = told;
const made = {
    provider: 'sharepoint-online',
    unique_key: 'judged',
    display_name: 'Judged',
    credentials
};
const key = { uniqueKey: 'judged' };

await report({
    create: () =>
        nango.createIntegration({
            ...made,
            credentials: { ...credentials, scopes: 'offline_access,Files.Read.All' }
        }),
    get: () => nango.getIntegration(key),
    getWithCredentials: () => nango.getIntegration(key, { include: ['credentials'] }),
    getWithWebhook: () => nango.getIntegration(key, { include: ['webhook'] }),
    list: () => nango.listIntegrations(),
    createAgain: () => nango.createIntegration(made),
    createOfNobody: () =>
        nango.createIntegration({ ...made, unique_key: 'other', provider: 'nobody' }),
    createWithoutCredentials: () =>
        nango.createIntegration({ provider: 'sharepoint-online', unique_key: 'other' }),
    createWithOtherCredentials: () =>
        nango.createIntegration({
            ...made,
            unique_key: 'other',
            credentials: { ...credentials, type: 'OAUTH1' }
        }),
    createWithUnknownField: () =>
        nango.createIntegration({ ...made, unique_key: 'other', colour: 'blue' }),
    createWithBadKey: () => nango.createIntegration({ ...made, unique_key: 'no/slash' }),
    update: () =>
        nango.updateIntegration(key, { display_name: 'Judged again', forward_webhooks: false }),
    updateCredentials: () =>
        nango.updateIntegration(key, { credentials: { ...credentials, client_secret: 'changed' } }),
    updateNotes: () =>
        nango.updateIntegration(key, { custom: { a: 'b' }, integration_config: { c: 'd' } }),
    updateNothing: () => nango.updateIntegration(key, {}),
    updateUnknownField: () => nango.updateIntegration(key, { colour: 'blue' }),
    getUpdated: () => nango.getIntegration(key, { include: ['credentials'] }),
    rename: () => nango.updateIntegration(key, { unique_key: 'judged-2' }),
    getUnderOldName: () => nango.getIntegration(key),
    updateUnknown: () => nango.updateIntegration({ uniqueKey: 'nobody' }, { display_name: 'x' }),
    delete: () => nango.deleteIntegration('judged-2'),
    getDeleted: () => nango.getIntegration({ uniqueKey: 'judged-2' }),
    deleteAgain: () => nango.deleteIntegration('judged-2')
});
