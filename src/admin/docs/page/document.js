/*
 * Runs in the browser. Loads /openapi.json, asks for a key where one is needed, and hands both to the page. The key stays in this page's
 * memory: it is written nowhere.
 */
globalThis.withDocument = (show) => {
  const form = document.querySelector('#key-form');
  const note = document.querySelector('#note');
  const field = form.querySelector('input');

  const load = async (key) => {
    note.textContent = '';
    const headers = key === '' ? {} : { authorization: `Bearer ${key}` };
    let reply;
    try {
      reply = await fetch('/openapi.json', { headers, cache: 'no-cache' });
    } catch {
      note.textContent = 'The gateway does not answer.';
      return;
    }
    if (reply.status === 401 || reply.status === 403) {
      form.hidden = false;
      if (key !== '') note.textContent = reply.status === 401 ? 'This key is not known here.' : 'This key may not read the documentation.';
      field.focus();
      return;
    }
    if (!reply.ok) {
      note.textContent = `The gateway answered ${reply.status}.`;
      return;
    }
    form.hidden = true;
    field.value = '';
    show(await reply.json(), key);
  };

  const tell = (error) => {
    note.textContent = `The documentation cannot be shown: ${error}`;
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    load(field.value.trim()).catch(tell);
  });
  load('').catch(tell);
};
