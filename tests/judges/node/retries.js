import { nango, report, told } from './judge.js';

const as = { providerConfigKey: told.integration, connectionId: told.connection };

await report({
    refused: () => nango.get({ ...as, endpoint: '/v1.0/me?case=refused' }),
    throttled: () => nango.get({ ...as, endpoint: '/v1.0/me?case=throttled', retries: 2 }),
    missing: () =>
        nango.get({ ...as, endpoint: '/v1.0/me?case=missing', retries: 1, retryOn: [404] }),
    posted: () => nango.post({ ...as, endpoint: '/v1.0/me?case=posted', data: {}, retries: 1 }),
    expired: () => nango.get({ ...as, endpoint: '/v1.0/me?case=expired' })
});
