// The connect page in a frame of the product's page: it says that it is ready, is given the session's
// token, and tells what happened, to that page and no other. The vendor's pages refuse frames, so a
// trip takes a window of its own; a websocket says how it ended, or that window itself.
"use strict";
const page = document.body.dataset;
const outside = window.parent === window ? null : window.parent;
const form = document.querySelector("form[data-trip]");
const NAME = "fairlead-connect";
const LOOK_MS = 500;
let popup = null;
let watch = 0;
let isOver = false;

/** Tell the page around this one; its origin is known once it has sent the token. */
function tell(event) {
  if (outside && page.embedder) {
    outside.postMessage(event, page.embedder);
  }
}

function fail(errorType, errorMessage) {
  tell({ type: "error", payload: { errorType, errorMessage } });
}

function show(name) {
  for (const panel of document.querySelectorAll("[data-panel]")) {
    panel.hidden = panel.dataset.panel !== name;
  }
  document.querySelector(`[data-panel="${name}"] h1`).focus();
}

/** Take the session's token from the page around this one, and go on with it. */
function receive(event) {
  const data = event.data;
  const isToken = typeof data === "object" && data !== null && data.type === "session_token";
  if (event.source !== outside || !isToken || typeof data.sessionToken !== "string") {
    return;
  }
  if (page.embedder && event.origin !== page.embedder) {
    return;
  }
  const query = new URLSearchParams(page.view);
  query.set("session_token", data.sessionToken);
  query.set("embedder", event.origin);
  window.location.replace(`/connect/?${query}`);
}

function close() {
  if (page.awaits) {
    // Nothing is known of the page around, and nothing is in the message.
    outside.postMessage({ type: "close" }, "*");
  }
  tell({ type: "close" });
}

/** A trip has ended: `told` is the websocket's message of the contract. */
function arrive(told) {
  if (isOver || told.provider_config_key !== form.elements.integration.value) {
    return;
  }
  end();
  if (told.message_type === "success") {
    const payload = {
      providerConfigKey: told.provider_config_key,
      connectionId: told.connection_id,
    };
    if (told.is_pending) {
      payload.isPending = true;
    }
    tell({ type: "connect", payload });
    show(told.is_pending ? "pending" : "connected");
  } else {
    fail(told.error_type, told.error_desc);
    document.querySelector("[data-reason]").textContent = told.error_desc;
    show("failed");
  }
}

function end() {
  isOver = true;
  clearInterval(watch);
}

/** Listen how the trip ends; the id that the socket is given goes along with the form. */
function listen() {
  window.addEventListener("message", (event) => {
    const data = event.data;
    if (event.origin !== window.location.origin || event.source !== popup || !data) {
      return;
    }
    if (data.details) {
      arrive(data.details);
      popup.postMessage({ type: "nango_oauth_callback_ack" }, window.location.origin);
    }
  });
  // Last: where it cannot be opened, the window still tells.
  const socket = new WebSocket(`${window.location.origin.replace(/^http/, "ws")}/`);
  socket.addEventListener("message", (event) => {
    const told = JSON.parse(event.data);
    if (told.message_type === "connection_ack") {
      form.elements.ws_client_id.value = told.ws_client_id;
    } else {
      arrive(told);
    }
  });
}

/** Set out: in a window of its own, unless something is wrong with what was filled in. */
async function depart(event) {
  event.preventDefault();
  popup = window.open("", NAME, "popup,width=520,height=700");
  if (!popup) {
    fail("blocked_by_browser", "The browser blocked the window.");
    show("blocked");
    return;
  }
  isOver = false;
  if (form.querySelector("input:not([type=hidden])") && !(await isFine())) {
    popup.close();
    form.submit();
    return;
  }
  // in its own window the page stands alone
  form.elements.embedder.value = "";
  form.target = NAME;
  form.submit();
  form.target = "";
  form.elements.embedder.value = page.embedder;
  show("away");
  if (form.elements.detectClosedAuthWindow) {
    watch = setInterval(look, LOOK_MS);
  }
}

/** Ask whether the form may set out. */
async function isFine() {
  const body = new URLSearchParams(new FormData(form));
  body.set("check", "yes");
  const answer = await fetch(form.action, { method: "POST", body });
  return answer.status === 204;
}

function look() {
  if (popup.closed) {
    clearInterval(watch);
    // what it said last may still be on its way
    setTimeout(() => {
      if (!isOver) {
        end();
        fail("window_closed", "The window was closed before the connection was made.");
        show("form");
      }
    }, LOOK_MS);
  }
}

document.addEventListener("click", (event) => {
  const on = (name) => event.target.closest(`[${name}]`);
  if (on("data-close")) {
    close();
  } else if (on("data-again")) {
    popup.focus();
  } else if (on("data-back")) {
    event.preventDefault();
    end();
    if (popup) {
      popup.close();
    }
    show("form");
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    close();
  }
});

if (outside) {
  window.addEventListener("message", receive);
  if (page.awaits) {
    outside.postMessage({ type: "ready" }, "*");
  } else if (page.event) {
    tell(JSON.parse(page.event));
  }
  if (form) {
    form.addEventListener("submit", depart);
    listen();
  }
}
