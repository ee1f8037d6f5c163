import { Nango, report, told } from './judge.js';

const { host, key, signingKey, hooks } = told;
const signed = new Nango({ host, apiKey: key, webhookSigningKey: signingKey });
const legacy = new Nango({ host, secretKey: signingKey });
const keyOnly = new Nango({ host, apiKey: key });

const calls = {};
for (const { name, body, headers } of hooks) {
    const other = body.replace('"nango"', '"mango"');
    calls[name] = () => ({
        incoming: signed.verifyIncomingWebhookRequest(body, headers),
        incomingWithSecretKey: legacy.verifyIncomingWebhookRequest(body, headers),
        incomingForged: signed.verifyIncomingWebhookRequest(other, headers),
        incomingUnsigned: signed.verifyIncomingWebhookRequest(body, {}),
        incomingKeyOnly: keyOnly.verifyIncomingWebhookRequest(body, headers),
        signature: signed.verifyWebhookSignature(headers['x-nango-signature'], JSON.parse(body)),
        signatureForged: signed.verifyWebhookSignature(
            headers['x-nango-signature'],
            JSON.parse(other)
        )
    });
}
await report(calls);
