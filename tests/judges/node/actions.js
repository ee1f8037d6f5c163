import { nango, report, told } from './judge.js';

const { integration, drive, item } = told;
const run = (name, input, connection = 'megan') =>
    nango.triggerAction(integration, connection, name, input);
const { sites } = await run('list-shared-sites');
const siteId = sites.find((site) => site.displayName === told.site).id;
const file = { siteId, driveId: drive, itemId: item };

// to its end: fetched by id and by URL, and a failure
const over = async (asked) => {
    for (;;) {
        try {
            return await nango.getAsyncActionResult(asked);
        } catch (error) {
            if (error.response?.data?.error?.cause !== 'action_pending') throw error;
            await new Promise((wake) => setTimeout(wake, 100));
        }
    }
};
const later = async (given) => {
    const begun = await nango.triggerActionAsync(integration, 'megan', 'get-drive-item', given);
    return { begun, byId: await over({ id: begun.id }), byUrl: await over(begun) };
};

await report({
    later: () => later(file),
    laterMissing: () => later({ ...file, itemId: 'nothing' }),
    withoutInput: () => run('list-shared-sites'),
    item: () => run('get-drive-item', file),
    content: () => run('download-drive-item-content', file),
    missing: () => run('get-drive-item', { ...file, itemId: 'nothing' }),
    throttled: () => run('get-drive-item', { ...file, itemId: 'throttled' }),
    incomplete: () => run('get-drive-item', { siteId }),
    unknownInput: () => run('get-drive-item', { ...file, colour: 'blue' }),
    wrongInput: () => run('get-drive-item', { ...file, itemId: 7 }),
    unknown: () => run('nothing'),
    badName: () => run('no name'),
    ofUnknown: () => run('list-shared-sites', undefined, 'nobody'),
    ofUnknownIntegration: () => nango.triggerAction('nobody', 'megan', 'list-shared-sites')
});
