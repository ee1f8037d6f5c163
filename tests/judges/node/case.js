import { nango, report } from './judge.js';

const endUser = { id: 'adele', email: 'adele@contoso.com', display_name: 'Adele Vance' };

// As a product of another make calls it, for an organisation whose administrator has approved.
await report({
    overridden: () =>
        nango.createConnectSession({
            end_user: endUser,
            organization: { id: 'contoso', display_name: 'Contoso' },
            allowed_integrations: ['sharepoint-online'],
            integrations_config_defaults: {
                'sharepoint-online': {
                    authorization_params: { scope: '.default offline_access', prompt: '' }
                }
            }
        }),
    plain: () =>
        nango.createConnectSession({
            end_user: endUser,
            allowed_integrations: ['sharepoint-online']
        }),
    overriddenState: () =>
        nango.createConnectSession({
            end_user: endUser,
            integrations_config_defaults: {
                'sharepoint-online': { authorization_params: { state: 'mine' } }
            }
        })
});
