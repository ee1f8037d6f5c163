import { Nango, nango, report, told } from './judge.js';

const { integration, empty } = told;
const script = new Nango({
    host: `${told.host}/`,
    secretKey: told.key,
    isScript: true,
    isSync: true,
    dryRun: true,
    activityLogId: 'x'
});

await report({
    // reading one
    get: () => nango.getConnection(integration, 'megan'),
    getRefreshed: () => nango.getConnection(integration, 'megan', true),
    getWithRefreshToken: () => nango.getConnection(integration, 'megan', false, true),
    token: () => nango.getToken(integration, 'megan'),
    tokenRefreshed: () => nango.getToken(integration, 'megan', true),
    raw: () => nango.getRawTokenResponse(integration, 'megan'),
    refreshedAtOnce: () =>
        Promise.all(Array.from({ length: 10 }, () => nango.getToken(integration, 'megan', true))),
    getUnknown: () => nango.getConnection(integration, 'nobody'),
    getOfUnknown: () => nango.getConnection('nobody', 'megan'),
    getDead: () => nango.getConnection(integration, 'dead', true),
    getOddName: () => nango.getConnection(integration, told.odd),
    getOdderName: () => nango.getConnection(integration, told.odder),
    getExpired: () => nango.getConnection(integration, 'expired'),
    getExpiredRefreshed: () => nango.getConnection(integration, 'expired', true),
    getLasting: () => nango.getConnection(integration, 'lasting'),
    asScript: () => script.getConnection(integration, 'megan'),

    // listing
    list: () => nango.listConnections({ integrationId: integration }),
    listOfTwo: () => nango.listConnections({ integrationId: [integration, empty] }),
    listOfEmpty: () => nango.listConnections({ integrationId: empty }),
    listById: () => nango.listConnections({ connectionId: 'adele', integrationId: integration }),
    listByUser: () => nango.listConnections({ userId: 'adele-1' }),
    listByTags: () =>
        nango.listConnections({
            integrationId: integration,
            tags: { PLAN: 'gold', displayName: 'Adele Vance', email: 'adele@contoso.com' }
        }),
    listByOtherTags: () =>
        nango.listConnections({ integrationId: integration, tags: { plan: 'silver' } }),
    listFirst: () => nango.listConnections({ integrationId: integration, limit: 1 }),
    listSecond: () => nango.listConnections({ integrationId: integration, limit: 1, page: 1 }),
    legacyById: () => nango.listConnections('adele'),
    legacySearch: () => nango.listConnections(undefined, 'adele va'),
    legacyByUser: () =>
        nango.listConnections(undefined, undefined, {
            endUserId: 'adele-1',
            endUserOrganizationId: 'contoso',
            limit: 5
        }),
    legacyByOrganization: () =>
        nango.listConnections(undefined, undefined, { endUserOrganizationId: 'fabrikam' }),

    // metadata
    setMetadata: () =>
        nango.setMetadata(integration, ['megan', 'adele'], { a: 1, b: { c: [1, 2] } }),
    updateMetadata: () => nango.updateMetadata(integration, 'megan', { b: null, d: 'ä' }),
    updateSeveral: () => nango.updateMetadata(integration, ['megan', 'nobody'], { e: 1 }),
    metadata: () => nango.getMetadata(integration, 'megan'),
    metadataOfOther: () => nango.getMetadata(integration, 'adele'),
    setOfUnknown: () => nango.setMetadata(integration, 'nobody', { a: 1 }),
    setNonsense: () => nango.setMetadata(integration, 'megan', 'text'),

    // changing
    patch: () =>
        nango.patchConnection(
            { connectionId: 'megan', provider_config_key: integration },
            { tags: { Stage: 'trial' } }
        ),
    patchUser: () =>
        nango.patchConnection(
            { connectionId: 'megan', provider_config_key: integration },
            { end_user: { id: 'megan-2', email: 'megan@contoso.com' } }
        ),
    patchWebhook: () =>
        nango.patchConnection(
            { connectionId: 'megan', provider_config_key: integration },
            { webhook_url_override: told.elsewhere }
        ),
    patchUnknown: () =>
        nango.patchConnection(
            { connectionId: 'nobody', provider_config_key: integration },
            { tags: {} }
        ),
    patchNonsense: () =>
        nango.patchConnection(
            { connectionId: 'megan', provider_config_key: integration },
            { colour: 'blue' }
        ),
    getPatched: () => nango.getConnection(integration, 'megan'),

    // deleting
    renameInUse: () =>
        nango.updateIntegration({ uniqueKey: integration }, { unique_key: 'another' }),
    delete: () => nango.deleteConnection(integration, 'adele'),
    getDeleted: () => nango.getConnection(integration, 'adele'),
    deleteAgain: () => nango.deleteConnection(integration, 'adele'),
    deleteOfUnknown: () => nango.deleteConnection('nobody', 'megan')
});
