import { report, told } from './judge.js';
import { Nango, detour, ends } from './popup.js';

const { host, integration, other } = told;
const within = (token) => new Nango({ host, connectSessionToken: token });

/** A trip as a page makes it; an AuthError is told with its type. */
const trip = async (make) => {
    try {
        return await make();
    } catch (error) {
        return { message: error.message, type: error.type };
    }
};

/** The vendor's page is left with `cancel`: it answers the redirect URI itself, without a code. */
const cancelled = (url) => {
    const { pathname, searchParams } = new URL(url);
    if (!pathname.endsWith('/authorize')) {
        return url;
    }
    const back = new URL(searchParams.get('redirect_uri'));
    back.search = new URLSearchParams({
        error: 'access_denied',
        error_description: 'AADSTS65004: declined',
        state: searchParams.get('state')
    });
    return back.href;
};

await report({
    auth: () => trip(() => within(told.session).auth(integration)),
    authWithConfig: () =>
        trip(() =>
            within(told.session).auth(integration, {
                params: { tenant: 'contoso.onmicrosoft.com' },
                detectClosedAuthWindow: true
            })
        ),
    reconnect: () => trip(() => within(told.reconnect).reconnect(integration)),
    notAllowed: () => trip(() => within(told.session).auth(other)),
    unknown: () => trip(() => within(told.anywhere).auth('nobody')),
    badConfig: () =>
        trip(() => within(told.session).auth(integration, { params: { tenant: 'no/tenant' } })),
    chosenId: () => trip(() => within(told.session).auth(integration, 'an-id-of-ones-own')),
    expired: () => trip(() => within(`nango_connect_session_${'0'.repeat(64)}`).auth(integration)),
    publicKey: () =>
        trip(() =>
            new Nango({ host, publicKey: '5b8f6a86-8f56-4c9b-a3a3-8a5b6a1e2c11' }).auth(
                integration,
                'c1'
            )
        ),
    cancelled: async () => {
        detour.at = cancelled;
        const said = await trip(() => within(told.session).auth(integration));
        detour.at = (url) => url;
        return said;
    },
    credentials: () =>
        trip(() => within(told.session).auth(integration, { credentials: { apiKey: 'x' } })),
    create: () => trip(() => within(told.session).create(integration)),
    withoutToken: () => trip(async () => new Nango({ host }).auth(integration)),
    ends: () => ends
});
