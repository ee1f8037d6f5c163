import { nango, report, told } from './judge.js';

const { integration, drive, item } = told;
const run = (name, input, connection = 'megan') =>
    nango.triggerAction(integration, connection, name, input);
const { sites } = await run('list-shared-sites');
const siteId = sites.find((site) => site.displayName === told.site).id;
const file = { siteId, driveId: drive, itemId: item };

await report({
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
