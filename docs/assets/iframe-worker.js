/* Search in pages from the disk, where browsers allow no workers: an invisible frame is one. */
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(address) {
      super();
      this.address = new URL(address, document.baseURI).href;
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      this.frame.setAttribute("aria-hidden", "true");
      this.frame.src = "about:blank";
      this.ready = this.start();
    }

    async start() {
      if (!document.body) await new Promise((done) => addEventListener("DOMContentLoaded", done));
      document.body.append(this.frame);
      const inner = this.frame.contentWindow;
      const load = (source) =>
        new Promise((done, failed) => {
          const script = inner.document.createElement("script");
          script.src = source;
          script.onload = done;
          script.onerror = () => failed(new Error(`Expected a script. Received: ${source}`));
          inner.document.head.append(script);
        });
      /* The worker's program finds its own address by the last script of the page. */
      const base = inner.document.createElement("base");
      base.href = this.address;
      inner.document.head.append(base);
      inner.importScripts = async (...sources) => {
        for (const source of sources) await load(source);
      };
      inner.postMessage = (data) => this.deliver(this, data);
      await load(this.address);
      return inner;
    }

    deliver(target, data) {
      setTimeout(() => {
        const event = new MessageEvent("message", { data });
        target.dispatchEvent(event);
        target.onmessage?.(event);
      });
    }

    async postMessage(data) {
      const inner = await this.ready;
      const event = new inner.MessageEvent("message", { data });
      inner.dispatchEvent(event);
    }

    terminate() {
      this.frame.remove();
    }
  };
}
