import { nango, report, told } from './judge.js';

const as = { providerConfigKey: told.integration, connectionId: told.connection };

await report({
    headers: () =>
        nango.get({
            ...as,
            endpoint: '/a/b%2Fc?x=1%2B1&y=z',
            headers: { Prefer: 'a=b', 'X-Own': 'ours', 'If-Match': '"1"' }
        }),
    paramsText: () => nango.get({ ...as, endpoint: '/p', params: 'search=*&q=a b' }),
    paramsObject: () => nango.get({ ...as, endpoint: '/p?a=1', params: { $top: 5, q: 'ä&b' } }),
    json: () => nango.post({ ...as, endpoint: '/json', data: { a: 1, ä: [null, 1.5] } }),
    text: () => nango.post({ ...as, endpoint: '/text', data: 'hello' }),
    typedText: () =>
        nango.put({
            ...as,
            endpoint: '/text',
            data: '<a/>',
            headers: { 'Content-Type': 'application/xml' }
        }),
    buffer: () => nango.put({ ...as, endpoint: '/bytes', data: Buffer.from([0, 255, 10]) }),
    patch: () => nango.patch({ ...as, endpoint: '/patch', data: { a: 1 } }),
    delete: () => nango.delete({ ...as, endpoint: '/delete', data: { a: 1 } }),
    deletePlain: () => nango.delete({ ...as, endpoint: '/delete' }),
    compressed: () => nango.get({ ...as, endpoint: '/gzip' }),
    decompressed: () => nango.get({ ...as, endpoint: '/gzip', decompress: true }),
    ownAuthorization: () =>
        nango.get({ ...as, endpoint: '/own', headers: { Authorization: 'Basic eDp5' } }),
    openBase: () => nango.get({ ...as, baseUrlOverride: `${told.open}/`, endpoint: '/open' })
});
