// What the scripts share: the client, which differs from a product's by its `host` only, and a way
// to tell in JSON what its calls came to.

import { createRequire } from 'node:module';

/** What the test tells: host, key, folder (of node_modules), and whatever the script needs. */
export const told = JSON.parse(process.argv[2]);

export const { Nango } = createRequire(`${told.folder}/`)('@nangohq/node');

export const nango = new Nango({ host: told.host, apiKey: told.key });

/** Make calls one after another, in the order of their names' appearance; print how each ended. */
export async function report(calls) {
    const said = {};
    for (const [name, call] of Object.entries(calls)) {
        said[name] = await outcome(call);
    }
    process.stdout.write(JSON.stringify(said));
}

/** What a call came to: {returned}, or {refused: status, type, data}, or {thrown: message}. */
export async function outcome(call) {
    try {
        return { returned: plain(await call()) };
    } catch (error) {
        const { response } = error;
        if (response === undefined) {
            return { thrown: String(error.message) };
        }
        return {
            refused: response.status,
            type: response.headers['content-type'] ?? null,
            data: response.data
        };
    }
}

/** Some methods return the answer itself, which no JSON can hold whole. */
function plain(value) {
    if (value?.headers !== undefined && value?.config !== undefined) {
        return { status: value.status, headers: { ...value.headers }, data: bytes(value.data) };
    }
    return value ?? null;
}

function bytes(data) {
    return Buffer.isBuffer(data) ? { base64: data.toString('base64') } : data;
}

/** Wait until the sync of `megan` is over: a later run than that which ended at `before`. */
export async function settled(integration, { before, status } = {}) {
    const giveUpAt = Date.now() + 20_000;
    while (Date.now() < giveUpAt) {
        const { syncs } = await nango.syncStatus(integration, ['drive-items'], 'megan');
        const [sync] = syncs;
        const isOver = sync.status !== 'RUNNING' && sync.finishedAt && sync.finishedAt !== before;
        if (isOver && (status === undefined || sync.status === status)) {
            return sync;
        }
        await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error('the sync did not end');
}
