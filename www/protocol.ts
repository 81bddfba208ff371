// Written from the Rust types by `cargo test protocol`; do not edit.
export type Value = number | boolean | string;
export type Column = Float32Array | string[];

export type Meta = {
  id: string;
  title: string;
  family: string;
  hook: string;
  claim: string;
  paper: Paper;
  devices: boolean;
};
export type Paper = {
  title: string;
  authors: string;
  year: number;
  venue: string;
  url: string;
  bibtex: string;
};
export type Kind =
  | { type: "float"; default: number; min: number; max: number; log: boolean }
  | { type: "int"; default: number; min: number; max: number }
  | { type: "toggle"; default: boolean }
  | { type: "choice"; default: string; options: Array<string> }
  | { type: "text"; default: string; max_len: number };
export type Param = {
  name: string;
  label: string;
  doc: string;
  group: string;
  live: boolean;
  unit: string;
  kind: Kind;
};
export type Experiment = { title: string; text: string; set: Array<[string, string]> };
export type ClaimInfo = {
  id: string;
  sentence: string;
  published: string;
  source: string;
  protocol: string;
  quick: boolean;
};
export type Entry = {
  meta: Meta;
  params: Array<Param>;
  claims: Array<ClaimInfo>;
  experiments: Array<Experiment>;
};
export type Catalog = { version: string; exhibits: Array<Entry> };

export type PokeKind = "drag" | "add" | "remove" | "click";
export type Poke = {
  figure: string;
  mark: string;
  kind: PokeKind;
  index: number;
  x: number;
  y: number;
};
export type DeviceChoice = "auto" | "cpu" | "gpu";
export type Request =
  | {
      type: "open";
      id: string;
      seed: number;
      device: DeviceChoice;
      params: { [key in string]: Value };
      pokes: Array<Poke>;
    }
  | { type: "set"; name: string; value: Value }
  | { type: "poke"; poke: Poke }
  | { type: "advance"; steps: number; budget_ms: number }
  | { type: "check"; claim: string; budget_ms: number };

export type DeviceInfo = { kind: "cpu" | "gpu"; name: string; software: boolean; detail: string };
export type Metric = { name: string; label: string; value: number | null; unit: string };
export type Reply =
  | {
      type: "frame";
      step: number;
      done: boolean;
      notice: string | null;
      values: { [key in string]: Value };
      ignored: Array<string>;
      pokes: Array<Poke>;
      device: DeviceInfo;
      metrics: Array<Metric>;
      figures: Array<Figure>;
    }
  | { type: "checking"; claim: string; fraction: number; message: string }
  | { type: "checked"; claim: string; here: string; holds: boolean; detail: string }
  | { type: "error"; field: string | null; message: string };

export type Figure = {
  id: string;
  title: string;
  caption: string;
  alt: string;
  width: "half" | "full";
  body: Body;
};
export type Body =
  | {
      type: "plot";
      x: Axis;
      y: Axis;
      color: Color | null;
      aspect: number | null;
      marks: Array<Mark>;
    }
  | { type: "table"; columns: Array<{ name: string; values: Column }>; highlight: number | null };
export type Axis = {
  label: string;
  kind: "linear" | "log" | "band";
  domain: [number, number] | null;
  hidden: boolean;
};
export type Color = {
  kind: "series" | "sequential" | "diverging";
  domain: [number, number] | null;
  label: string;
  legend: boolean;
};
export type Mark = {
  mark: string;
  id: string;
  channels: { [key in string]: Column };
  options: { [key in string]: string | number | boolean };
  pokes: Array<PokeKind>;
};
