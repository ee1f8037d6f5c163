import { nango, report, told } from './judge.js';
import { Nango as Frontend } from './popup.js';

const { host, integration } = told;
const browser = () => new Frontend({ host, connectSessionToken: told.session });
const as = { providerConfigKey: integration };
const params = { tenantId: told.tenant, tenantName: 'contoso' };
let connection;

/** An AuthError is told with its type. */
const tried = async (credentials, config = params) => {
    try {
        return await browser().auth(integration, { params: config, credentials });
    } catch (error) {
        return { message: error.message, type: error.type };
    }
};

await report({
    connected: async () => {
        const made = await tried({
            type: 'TWO_STEP',
            clientId: told.client,
            client_certificate: told.certificate,
            client_private_key: told.privateKey
        });
        connection = made.connectionId;
        return made;
    },
    get: () => nango.getConnection(integration, connection),
    refreshed: () => nango.getConnection(integration, connection, true),
    web: () => nango.get({ ...as, connectionId: connection, endpoint: '/_api/web' }),
    plain: () =>
        nango.get({
            ...as,
            connectionId: connection,
            endpoint: '/_api/web/lists?$top=1',
            headers: { Accept: 'application/json;odata=nometadata' }
        }),
    wrongKey: () =>
        tried({
            type: 'TWO_STEP',
            clientId: told.client,
            client_certificate: told.otherCertificate,
            client_private_key: told.otherPrivateKey
        }),
    unknownField: () => tried({ type: 'TWO_STEP', clientId: told.client, nonsense: 'x' }),
    nothing: () => tried({ type: 'TWO_STEP', clientId: told.client }),
    badConfig: () =>
        tried(
            { type: 'TWO_STEP', clientId: told.client, assertion: 'x' },
            { tenantName: 'contoso' }
        )
});
