import { nango, report, settled, told } from './judge.js';

const of = { providerConfigKey: told.integration, connectionId: 'megan', model: 'DriveItem' };
const as = { providerConfigKey: told.integration, connectionId: 'megan' };
const drive = `/v1.0/drives/${told.drive}`;

async function walk(options) {
    const pages = [];
    let cursor = null;
    do {
        const page = await nango.listRecords({ ...of, ...options, cursor });
        pages.push(page.records);
        cursor = page.next_cursor;
    } while (cursor);
    return pages;
}

let all;
let later;
const finished = (await settled(told.integration)).finishedAt;

await report({
    all: async () => (all = await nango.listRecords({ ...of })),
    pages: () => walk({ limit: 4 }),
    ids: () => nango.listRecords({ ...of, ids: [all.records[1].id, all.records[3].id, 'nothing'] }),
    idsOne: () => nango.listRecords({ ...of, ids: [all.records[2].id] }),
    fromCursor: () => nango.listRecords({ ...of, cursor: all.records[4]._nango_metadata.cursor }),
    fromLast: () => nango.listRecords({ ...of, cursor: all.records.at(-1)._nango_metadata.cursor }),
    added: () => nango.listRecords({ ...of, filter: 'ADDED' }),
    updated: () => nango.listRecords({ ...of, filter: 'updated' }),

    // one file comes, one is renamed, one goes
    change: async () => {
        later = new Date().toISOString();
        const of = (path) => `${drive}/root:/${path}`;
        await nango.put({
            ...as,
            endpoint: `${of('New.txt')}:/content`,
            data: 'new',
            headers: { 'Content-Type': 'text/plain' }
        });
        await nango.patch({
            ...as,
            endpoint: of('Handbook.docx'),
            data: { name: 'Handbuch.docx' }
        });
        await nango.delete({ ...as, endpoint: of('Vertr%C3%A4ge/Pr%C3%A4mien.csv') });
        await nango.triggerSync(told.integration, ['drive-items'], 'megan');
        return settled(told.integration, { before: finished });
    },
    changed: () => nango.listRecords({ ...of, cursor: all.records.at(-1)._nango_metadata.cursor }),
    changedSince: () => nango.listRecords({ ...of, modifiedAfter: later }),
    changedDelta: () => nango.listRecords({ ...of, delta: later }),
    addedSince: () => nango.listRecords({ ...of, modifiedAfter: later, filter: 'added' }),
    updatedSince: () => nango.listRecords({ ...of, modifiedAfter: later, filter: 'updated' }),
    deletedSince: () => nango.listRecords({ ...of, modifiedAfter: later, filter: 'deleted' }),
    updatedOrDeleted: () =>
        nango.listRecords({ ...of, modifiedAfter: later, filter: 'updated,deleted' }),
    inFuture: () =>
        nango.listRecords({ ...of, modifiedAfter: new Date(Date.now() + 60_000).toISOString() }),

    otherModel: () => nango.listRecords({ ...of, model: 'Nothing' }),
    otherVariant: () => nango.listRecords({ ...of, variant: 'v' }),
    tooManyIds: () =>
        nango.listRecords({ ...of, ids: Array.from({ length: 101 }, (_, number) => `${number}`) }),
    badModel: () => nango.listRecords({ ...of, model: 'no model' }),
    badCursor: () => nango.listRecords({ ...of, cursor: 'nonsense' }),
    badFilter: () => nango.listRecords({ ...of, filter: 'changed' }),
    badLimit: () => nango.listRecords({ ...of, limit: 10_001 }),
    tooOld: () => nango.listRecords({ ...of, modifiedAfter: '2020-01-01T00:00:00.000Z' }),
    ofUnknown: () => nango.listRecords({ ...of, connectionId: 'nobody' }),
    ofUnknownIntegration: () => nango.listRecords({ ...of, providerConfigKey: 'nobody' }),
    withoutModel: () => nango.listRecords({ ...as })
});
