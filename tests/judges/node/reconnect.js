import { nango, report, told } from './judge.js';

const { connection: connection_id, integration: integration_id } = told;

await report({
    before: () => nango.getConnection(integration_id, connection_id),
    refreshed: () => nango.getConnection(integration_id, connection_id, true),
    reconnect: () =>
        nango.createReconnectSession({
            connection_id,
            integration_id,
            end_user: { id: 'megan', display_name: 'Megan B.' }
        })
});
