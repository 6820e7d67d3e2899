// Passkeys at the desk: hands the desk's question to the browser and the browser's answer to the form. Everything here
// can also be done without it, by code.
"use strict";
(() => {
  if (!window.PublicKeyCredential) return;

  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const ask = async (button) => {
    const body = new URLSearchParams();
    const address = document.getElementById("alamat");
    if (address) body.set("alamat", address.value);
    // An answer about a decision counts for just that one.
    const form = button.form;
    if (form && form.elements.bukti) body.set("bukti", form.elements.bukti.value);
    if (form && !address) body.set("perihal", form.getAttribute("action"));
    const answer = await fetch(button.dataset.kunci, { method: "POST", body });
    if (!answer.ok) throw new Error(String(answer.status));
    return (await answer.json()).publicKey;
  };

  const make = async (wanted) => {
    wanted.challenge = bytes(wanted.challenge);
    wanted.user.id = bytes(wanted.user.id);
    for (const key of wanted.excludeCredentials || []) key.id = bytes(key.id);
    const made = await navigator.credentials.create({ publicKey: wanted });
    return { id: made.id, rawId: text(made.rawId), type: made.type, response: {
      attestationObject: text(made.response.attestationObject),
      clientDataJSON: text(made.response.clientDataJSON),
    } };
  };

  const prove = async (wanted) => {
    wanted.challenge = bytes(wanted.challenge);
    const shown = await navigator.credentials.get({ publicKey: wanted });
    const { authenticatorData, clientDataJSON, signature, userHandle } = shown.response;
    return { id: shown.id, rawId: text(shown.rawId), type: shown.type, response: {
      authenticatorData: text(authenticatorData),
      clientDataJSON: text(clientDataJSON),
      signature: text(signature),
      userHandle: userHandle ? text(userHandle) : null,
    } };
  };

  for (const button of document.querySelectorAll("button[data-kunci]")) {
    const failed = button.parentElement.querySelector("[data-gagal]");
    button.hidden = false;
    button.addEventListener("click", async () => {
      const address = document.getElementById("alamat");
      if (address && !address.reportValidity()) return;
      try {
        const wanted = await ask(button);
        const answer = wanted.user ? await make(wanted) : await prove(wanted);
        const form = button.form;
        form.elements.kunci.value = JSON.stringify(answer);
        if (address && form.elements.alamat !== address && form.elements.alamat) form.elements.alamat.value = address.value;
        form.submit();
      } catch {
        failed.hidden = false;
      }
    });
  }
})();
