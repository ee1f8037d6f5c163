import { nango, report, told } from './judge.js';

const { integration, calls, models } = told;
const said = {};

for (const [call, [name, input]] of Object.entries(calls)) {
    said[call] = () => nango.triggerAction(integration, 'megan', name, input);
}
for (const model of models) {
    said[model] = async () => {
        const records = [];
        let cursor = null;
        do {
            const page = await nango.listRecords({
                providerConfigKey: integration,
                connectionId: 'megan',
                model,
                limit: 3,
                cursor
            });
            records.push(...page.records);
            cursor = page.next_cursor;
        } while (cursor);
        return records;
    };
}

await report(said);
