import { nango, report, told } from './judge.js';

const { integration } = told;
const megan = {
    id: 'megan',
    email: 'megan@contoso.com',
    display_name: 'Megan Bowen',
    tags: { plan: 'gold' }
};

await report({
    full: () =>
        nango.createConnectSession({
            end_user: megan,
            organization: { id: 'contoso', display_name: 'Contoso Ltd' },
            tags: { projectId: 'p1' },
            allowed_integrations: [integration],
            integrations_config_defaults: {
                [integration]: {
                    user_scopes: 'x',
                    authorization_params: {
                        login_hint: 'megan@contoso.onmicrosoft.com',
                        response_mode: ''
                    },
                    connection_config: { tenant: 'contoso.onmicrosoft.com', region: 'eu' }
                }
            },
            overrides: { [integration]: { docs_connect: 'https://docs.example.com/' } }
        }),
    byTagsOnly: () =>
        nango.createConnectSession({ tags: { end_user_id: 'u2' }, allowed_integrations: [] }),
    nobody: () => nango.createConnectSession({ allowed_integrations: [integration] }),
    unknownIntegration: () =>
        nango.createConnectSession({
            end_user: { id: 'u' },
            allowed_integrations: [integration, 'nobody']
        }),
    unknownDefaults: () =>
        nango.createConnectSession({
            end_user: { id: 'u' },
            integrations_config_defaults: { nobody: {} }
        }),
    badEmail: () => nango.createConnectSession({ end_user: { id: 'u', email: 'no address' } }),
    badParams: () =>
        nango.createConnectSession({
            end_user: { id: 'u' },
            integrations_config_defaults: { [integration]: { authorization_params: { a: 1 } } }
        }),
    unknownField: () => nango.createConnectSession({ end_user: { id: 'u', colour: 'blue' } }),
    badWebhook: () =>
        nango.createConnectSession({ end_user: { id: 'u' }, webhook_url_override: 'no address' }),
    reconnectUnknown: () =>
        nango.createReconnectSession({ connection_id: 'nobody', integration_id: integration })
});
