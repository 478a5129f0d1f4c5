/* Kedro-Viz without a server. A page from the disk may not fetch files, but it may load scripts:
   each answer of the server is a script of the folder api/, which calls answer(name, value). */
const answers = {};
window.answer = (name, value) => { answers[name] = value; };

const respond = (name) => name in answers
  ? new Response(JSON.stringify(answers[name]), { headers: { "Content-Type": "application/json" } })
  : new Response("{}", { status: 404 });

const fetchFromNetwork = window.fetch.bind(window);
window.fetch = (resource, options) => {
  const address = String(resource.url ?? resource);
  const start = address.lastIndexOf("/api/");
  if (start < 0) return fetchFromNetwork(resource, options);
  const name = address.slice(start + "/api/".length).split("?")[0];
  return new Promise((resolve) => {
    const script = document.createElement("script");
    script.onload = script.onerror = () => { script.remove(); resolve(respond(name)); };
    script.src = `api/${name}.js`;
    document.head.append(script);
  });
};

/* A page from the disk may not change the path of its address, such as to …/workflow. */
for (const change of ["pushState", "replaceState"]) {
  const original = history[change].bind(history);
  history[change] = (...state) => {
    try { original(...state); } catch (error) { if (location.protocol !== "file:") throw error; }
  };
}
