import { nango, report, settled, told } from './judge.js';

const { integration, other } = told;
const name = 'drive-items';

let last;
const ran = async () => {
    const status = await settled(integration, { before: last });
    last = status.finishedAt;
    return status;
};

await report({
    first: ran,
    trigger: () => nango.triggerSync(integration, [name], 'megan'),
    second: ran,
    triggerObject: () =>
        nango.triggerSync(integration, [{ name, variant: 'base' }], 'megan', {
            reset: true,
            emptyCache: true
        }),
    emptied: ran,
    triggerReset: () => nango.triggerSync(integration, [name], 'megan', { reset: true }),
    reset: ran,
    triggerLegacy: () =>
        nango.triggerSync(integration, [name], 'megan', 'full_refresh_and_clear_cache'),
    legacy: ran,
    triggerLegacyBoolean: () => nango.triggerSync(integration, [name], 'megan', false),
    legacyBoolean: ran,
    triggerAll: () => nango.triggerSync(integration, [], 'megan'),
    all: ran,
    triggerEveryone: () => nango.triggerSync(integration),
    everyone: ran,

    pause: () => nango.pauseSync(integration, [name], 'megan'),
    paused: () => nango.syncStatus(integration, [name], 'megan'),
    start: () => nango.startSync(integration, [{ name, variant: 'base' }], 'megan'),
    started: () => nango.syncStatus(integration, [{ name, variant: 'base' }], 'megan'),
    pauseByText: () => nango.pauseSync(integration, [`${name}::base`], 'megan'),
    pausedByText: () => nango.syncStatus(integration, [`${name}::base`], 'megan'),
    pauseAll: () => nango.pauseSync(integration, []),
    pausedAll: () => nango.syncStatus(integration, '*'),
    startAll: () => nango.startSync(integration, []),
    startedAll: () => nango.syncStatus(integration, '*'),

    frequency: () => nango.updateSyncConnectionFrequency(integration, name, 'megan', '2h'),
    frequencySeen: () => nango.syncStatus(integration, [name], 'megan'),
    frequencyBack: () =>
        nango.updateSyncConnectionFrequency(integration, { name, variant: 'base' }, 'megan', null),
    frequencyTooOften: () => nango.updateSyncConnectionFrequency(integration, name, 'megan', '1s'),
    frequencyNonsense: () =>
        nango.updateSyncConnectionFrequency(integration, name, 'megan', 'now and then'),
    frequencyOfUnknownSync: () =>
        nango.updateSyncConnectionFrequency(integration, 'nothing', 'megan', '2h'),
    frequencyOfUnknown: () =>
        nango.updateSyncConnectionFrequency(integration, name, 'nobody', '2h'),

    triggerUnknown: () => nango.triggerSync(integration, ['nothing'], 'megan'),
    triggerUnknownVariant: () =>
        nango.triggerSync(integration, [{ name, variant: 'nothing' }], 'megan'),
    triggerOfUnknown: () => nango.triggerSync(integration, [name], 'nobody'),
    triggerOfUnknownIntegration: () => nango.triggerSync('nobody', [name], 'megan'),
    triggerOtherMode: () => nango.triggerSync(integration, [name], 'megan', 'sometimes'),
    startUnknown: () => nango.startSync(integration, ['nothing'], 'megan'),
    pauseOfUnknown: () => nango.pauseSync(integration, [name], 'nobody'),
    statusOfUnknown: () => nango.syncStatus(integration, [name], 'nobody'),
    statusOfUnknownIntegration: () => nango.syncStatus('nobody', '*'),
    startOfEmpty: () => nango.startSync(other, [name])
});
