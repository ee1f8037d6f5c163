// The client for browsers, in a browser without windows: what it opens is followed here, from
// redirect to redirect and with cookies, to the page at the end. Nothing on the way is a script.

import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { told } from './judge.js';

const require = createRequire(`${told.folder}/`);
globalThis.WebSocket ??= require('ws');

export const { default: Nango } = await import(pathToFileURL(require.resolve('@nangohq/frontend')));

/** Where the popups ended: {status, text}. */
export const ends = [];

/** A trip may be turned aside: given each address in turn, returns the one to go to instead. */
export const detour = { at: (url) => url };

class Popup {
    closed = false;

    set location(url) {
        follow(url).then((end) => ends.push(end));
    }

    close() {
        this.closed = true;
    }
}

globalThis.window = { screen: { width: 1200, height: 800 }, open: () => new Popup() };

async function follow(start) {
    const cookies = new Map();
    let url = start;
    for (let hop = 0; hop < 10; hop += 1) {
        url = detour.at(url);
        const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
        const answer = await fetch(url, { redirect: 'manual', headers: cookie ? { cookie } : {} });
        for (const set of answer.headers.getSetCookie()) {
            const [, name, value] = /^([^=]+)=([^;]*)/.exec(set);
            cookies.set(name, value);
        }
        const location = answer.headers.get('location');
        if (location === null) {
            return { status: answer.status, text: await answer.text() };
        }
        url = new URL(location, url).href;
    }
    throw new Error('sent around in circles');
}
