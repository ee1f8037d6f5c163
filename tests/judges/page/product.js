// A product's page: the client for browsers, as it comes, called at the press of a button. The test
// puts what to call in `window.call` before, and reads `window.outcome` and `window.events` after.

import Nango from '/frontend/index.js';

window.events = [];

document.getElementById('connect').addEventListener('click', () => {
    const { host, token, method, parameters } = window.call;
    const nango = new Nango({ host, connectSessionToken: token });
    if (method === 'openConnectUI') {
        const onEvent = (event) => window.events.push(event);
        window.ui = nango.openConnectUI({ ...parameters[0], onEvent });
        return;
    }
    const refused = ({ message, type }) => ({ message, type });
    window.outcome = nango[method](...parameters).catch(refused);
});

document.body.dataset.ready = 'yes';
