// Tells the window that waits for this one how the trip ended, then closes if all went well.
"use strict";
const { message, details, targets } = document.body.dataset;
const told = JSON.parse(message);
const succeeded = told.type === "nango_oauth_callback_success";
const channel = "BroadcastChannel" in window ? new BroadcastChannel("nango-oauth-callback") : null;

function leave(event) {
  if (succeeded && event.data && event.data.type === "nango_oauth_callback_ack") {
    window.close();
  }
}

window.addEventListener("message", leave);
if (window.opener) {
  for (const target of JSON.parse(targets)) {
    // The browser delivers to the opener only if it is of this origin; one of our own learns more.
    window.opener.postMessage(told, target);
  }
  window.opener.postMessage({ ...told, details: JSON.parse(details) }, window.location.origin);
}
if (channel) {
  channel.addEventListener("message", leave);
  channel.postMessage(told);
}
if (succeeded) {
  // Of no effect unless a script opened this window.
  setTimeout(() => window.close(), 500);
}
