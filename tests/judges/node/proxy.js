import { createHash, randomBytes } from 'node:crypto';
import { nango, Nango, report, told } from './judge.js';

const { integration, connection, drive, site, stranger } = told;
const as = { providerConfigKey: integration, connectionId: connection };
const root = `/v1.0/drives/${drive}/root`;
const small = randomBytes(2000);
const large = randomBytes(3_000_000);
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
let folder;
let file;

await report({
    // reading
    get: () => nango.get({ ...as, endpoint: '/v1.0/me' }),
    getWithoutSlash: () => nango.get({ ...as, endpoint: 'v1.0/me' }),
    getParams: () =>
        nango.get({ ...as, endpoint: `${root}/children`, params: { $select: 'id,name', $top: 2 } }),
    getParamsText: () =>
        nango.get({ ...as, endpoint: `${root}/children`, params: '?$select=id,name&$top=1' }),
    getByPath: () => nango.get({ ...as, endpoint: `${root}:/Campaigns/2026 Q3` }),
    byDefaultsOfClient: () =>
        new Nango({
            host: told.host,
            apiKey: told.key,
            connectionId: connection,
            providerConfigKey: integration
        }).proxy({ endpoint: `/v1.0/sites/${site}` }),
    getMissing: () => nango.get({ ...as, endpoint: `/v1.0/drives/${drive}/items/nothing` }),

    // writing
    post: async () => {
        const made = await nango.post({
            ...as,
            endpoint: `${root}/children`,
            data: { name: 'Judged', folder: {}, '@microsoft.graph.conflictBehavior': 'fail' }
        });
        folder = made.data.id;
        return made;
    },
    putText: async () => {
        const made = await nango.put({
            ...as,
            endpoint: `/v1.0/drives/${drive}/items/${folder}:/a%20b.txt:/content`,
            data: 'grüezi',
            headers: { 'Content-Type': 'text/plain' }
        });
        file = made.data.id;
        return made;
    },
    putBuffer: () =>
        nango.put({
            ...as,
            endpoint: `/v1.0/drives/${drive}/items/${folder}:/small.bin:/content`,
            data: small,
            headers: { 'Content-Type': 'application/octet-stream' }
        }),
    putLarge: () =>
        nango.put({
            ...as,
            endpoint: `/v1.0/drives/${drive}/items/${folder}:/large.bin:/content`,
            data: large,
            headers: { 'Content-Type': 'application/octet-stream' }
        }),
    patch: () =>
        nango.patch({
            ...as,
            endpoint: `/v1.0/drives/${drive}/items/${file}`,
            data: { name: 'c.txt' }
        }),

    // files
    text: () => nango.get({ ...as, endpoint: `/v1.0/drives/${drive}/items/${file}/content` }),
    arraybuffer: async () => {
        const read = await nango.get({
            ...as,
            endpoint: `/v1.0/drives/${drive}/items/${folder}:/small.bin:/content`,
            responseType: 'arraybuffer'
        });
        return {
            same: Buffer.compare(read.data, small) === 0,
            length: read.data.length,
            type: read.headers['content-type']
        };
    },
    stream: async () => {
        const read = await nango.get({
            ...as,
            endpoint: `/v1.0/drives/${drive}/items/${folder}:/large.bin:/content`,
            responseType: 'stream',
            decompress: true
        });
        const chunks = [];
        for await (const chunk of read.data) {
            chunks.push(chunk);
        }
        return { same: sha256(Buffer.concat(chunks)) === sha256(large), chunks: chunks.length };
    },
    redirected: () =>
        nango.get({
            ...as,
            endpoint: `/v1.0/drives/${drive}/items/${file}/content`,
            forwardHeadersOnRedirect: true
        }),
    range: () =>
        nango.get({
            ...as,
            endpoint: `/v1.0/drives/${drive}/items/${file}/content`,
            headers: { Range: 'bytes=0-1' }
        }),
    delete: () => nango.delete({ ...as, endpoint: `/v1.0/drives/${drive}/items/${folder}` }),
    deleted: () => nango.get({ ...as, endpoint: `/v1.0/drives/${drive}/items/${folder}` }),

    // refused
    strangeBase: () => nango.get({ ...as, baseUrlOverride: stranger, endpoint: '/secret' }),
    strangeEndpoint: () => nango.get({ ...as, endpoint: `${stranger}/secret` }),
    metadataService: () =>
        nango.get({
            ...as,
            baseUrlOverride: 'http://169.254.169.254',
            endpoint: '/latest/meta-data/'
        }),
    badBase: () => nango.get({ ...as, baseUrlOverride: 'ftp://example.com', endpoint: '/' }),
    unknownConnection: () => nango.get({ ...as, connectionId: 'nobody', endpoint: '/v1.0/me' }),
    unknownIntegration: () =>
        nango.get({ ...as, providerConfigKey: 'nobody', endpoint: '/v1.0/me' }),
    noEndpoint: () => nango.get({ ...as })
});
