// Tells the window that waits for this one how the trip ended, then closes if all went well.
"use strict";
const message = JSON.parse(document.body.dataset.message);
const channel = "BroadcastChannel" in window ? new BroadcastChannel("nango-oauth-callback") : null;
const succeeded = message.type === "nango_oauth_callback_success";

function leave(event) {
  if (succeeded && event.data && event.data.type === "nango_oauth_callback_ack") {
    window.close();
  }
}

window.addEventListener("message", leave);
if (window.opener) {
  // Nothing in it is secret, and the opener's origin is not known here.
  window.opener.postMessage(message, "*");
}
if (channel) {
  channel.addEventListener("message", leave);
  channel.postMessage(message);
}
if (succeeded) {
  // Of no effect unless a script opened this window.
  setTimeout(() => window.close(), 500);
}
