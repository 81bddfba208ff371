// What the paper says, and what comes out here: each check runs in a worker of its own.
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { Client } from "./client";
import "./figure-view";
import { set as typeset } from "./label";
import type { ClaimInfo, DeviceChoice, Entry, Figure, Reply, Request } from "./protocol";

const SLICE_MS = 100;

type Check =
  | { state: "running"; fraction: number; message: string; client: Client }
  | { state: "checked"; here: string; holds: boolean; detail: string; tables: Figure[] }
  | { state: "failed"; message: string };

/** `<orrery-claims>`: the table of an exhibit's claims. */
export class Claims extends LitElement {
  static override properties = {
    entry: { attribute: false },
    device: { attribute: false },
  };
  declare entry: Entry;
  declare device: DeviceChoice;

  #checks = new Map<string, Check>();

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const id of this.#checks.keys()) this.#cancel(id);
  }

  protected override render(): TemplateResult {
    return html`<div class="scroll" tabindex="0" role="region" aria-label="Claims">
      <table class="claims">
        <caption class="unseen">
          Claims of the paper, with the published value, the value measured here and whether it
          holds
        </caption>
        <thead>
          <tr>
            <th scope="col">Claim</th>
            <th scope="col">Paper</th>
            <th scope="col">Here</th>
            <th scope="col">Holds</th>
          </tr>
        </thead>
        <tbody>
          ${this.entry.claims.map((claim) => this.#row(claim))}
        </tbody>
      </table>
    </div>`;
  }

  #row(claim: ClaimInfo): TemplateResult {
    const check = this.#checks.get(claim.id);
    const checked = check?.state === "checked" ? check : null;
    const holds = checked === null ? "not checked yet" : checked.holds ? "yes" : "no";
    return html`<tr>
        <th scope="row">
          ${typeset(claim.sentence)}
          <details>
            <summary>How it is measured</summary>
            <p>${typeset(claim.protocol)}</p>
          </details>
        </th>
        <td data-label="Paper">
          <b class="value">${typeset(claim.published)}</b>
          <span class="source">${claim.source}</span>
        </td>
        <td data-label="Here">${this.#here(claim, check)}</td>
        <td
          data-label="Holds"
          class=${checked === null ? "unchecked" : checked.holds ? "holds" : "fails"}
        >
          ${checked === null ? nothing : html`<span aria-hidden="true">${checked.holds ? "✓" : "✗"}</span>`}
          ${holds}
        </td>
      </tr>
      ${(checked?.tables ?? []).map(
        (figure) =>
          html`<tr class="tables">
            <td colspan="4"><orrery-figure .figure=${figure}></orrery-figure></td>
          </tr>`,
      )}`;
  }

  #here(claim: ClaimInfo, check: Check | undefined): TemplateResult {
    const button = (label: string) =>
      html`<button
        class="small"
        aria-label="${label}: ${claim.sentence}"
        @click=${() => this.#start(claim.id)}
      >
        ${label}
      </button>`;
    if (check === undefined) {
      return html`${button("Check this claim")}
      ${claim.quick ? nothing : html`<span class="source">takes minutes</span>`}`;
    }
    switch (check.state) {
      case "running":
        return html`<progress
            max="1"
            .value=${check.fraction}
            aria-label="Progress of the check"
          ></progress>
          <button class="small" @click=${() => this.#cancel(claim.id)}>Cancel</button>
          <span class="source" role="status">${check.message}</span>`;
      case "checked":
        return html`<b class="value">${check.here}</b>
          <span class="source">${check.detail}</span> ${button("Check again")}`;
      case "failed":
        return html`<span class="refused" role="alert">${check.message}</span>
          ${button("Check again")}`;
      default:
        return check satisfies never;
    }
  }

  #start(claim: string): void {
    this.#cancel(claim);
    const client = new Client({
      replied: (reply, request) => this.#replied(claim, client, reply, request),
      panicked: (message) => this.#end(claim, { state: "failed", message }),
    });
    const { id } = this.entry.meta;
    const message = "loading";
    this.#checks.set(claim, { state: "running", fraction: 0, message, client });
    client.send({ type: "open", id, seed: 0, device: this.device, params: {}, pokes: [] });
    client.send({ type: "check", claim, budget_ms: SLICE_MS });
    this.requestUpdate();
  }

  #replied(claim: string, client: Client, reply: Reply, request: Request): void {
    switch (reply.type) {
      case "checking":
        this.#checks.set(claim, { ...reply, state: "running", client });
        client.send({ type: "check", claim, budget_ms: SLICE_MS });
        this.requestUpdate();
        break;
      case "checked":
        this.#end(claim, { ...reply, state: "checked" });
        break;
      case "error":
        this.#end(claim, { state: "failed", message: reply.message });
        break;
      case "frame":
        if (request.type !== "open") this.#end(claim, { state: "failed", message: "no result" });
        break;
      case "spread":
        break;
      default:
        reply satisfies never;
    }
  }

  #end(claim: string, outcome: Check): void {
    this.#cancel(claim);
    this.#checks.set(claim, outcome);
    this.requestUpdate();
  }

  #cancel(claim: string): void {
    const check = this.#checks.get(claim);
    if (check?.state === "running") check.client.close();
    if (check !== undefined) this.#checks.delete(claim);
    this.requestUpdate();
  }
}
customElements.define("orrery-claims", Claims);
