// Written from the Rust types by a test; never edited.
// To write it anew: UPDATE_PROTOCOL=1 cargo test --lib protocol

/** All that the page knows of the exhibits before it opens one. */
export type Catalog = {
  /** Version of the crate. */
  version: string,
  /** All exhibits, by id. */
  exhibits: Array<Entry>, };

/** What the page knows of one exhibit. */
export type Entry = {
  /** Description. */
  meta: Meta,
  /** Parameters, in display order. */
  params: Array<Param>,
  /** What the paper says. */
  claims: Array<ClaimInfo>,
  /** Things to try. */
  experiments: Array<Experiment>,
  /** What the gallery shows, drawn when the page is built. */
  cover: Cover, };

/** How the catalog describes an exhibit. */
export type Meta = {
  /** Short `snake_case` name, also that of its file. */
  id: string,
  /** Title of the card. */
  title: string,
  /** Family of papers it belongs to. */
  family: string,
  /** What to do and what to see, in one or two sentences. */
  hook: string,
  /** What the paper claims, in one sentence. */
  claim: string,
  /** The paper. */
  paper: Paper,
  /** Whether it trains a network, and so may run on the CPU or on the GPU. */
  devices: boolean, };

/** A paper. */
export type Paper = {
  /** Its title. */
  title: string,
  /** Its authors. */
  authors: string,
  /** Year it came out. */
  year: number,
  /** Journal, conference or archive. */
  venue: string,
  /** Where it can be read. */
  url: string,
  /** How to cite it. */
  bibtex: string, };

/** One parameter, as the page needs to know it. */
export type Param = {
  /** Field name in `Params`; also the key in messages, addresses and on the command line. */
  name: string,
  /** Short caption of the control: the name in words, unless given. */
  label: string,
  /** One sentence for the reader: the doc comment of the field. */
  doc: string,
  /** Heading it stands under with others; empty: none. */
  group: string,
  /** A live parameter takes effect at the next step; any other restarts the run. */
  live: boolean,
  /** Unit of the value; empty: a pure number. */
  unit: string,
  /** Whether its options are the tabs of the exhibit. */
  tabs: boolean,
  /** Tabs beside which it is shown; none: all. */
  on: Array<string>,
  /** Kind, default and range. */
  kind: Kind, };

/** The kinds of parameter, one control each. */
export type Kind = { "type": "float",
  /** Initial value. */
  default: number,
  /** Smallest value. */
  min: number,
  /** Largest value. */
  max: number,
  /** Whether the slider moves in powers of ten. */
  log: boolean, } | { "type": "int",
  /** Initial value. */
  default: number,
  /** Smallest value. */
  min: number,
  /** Largest value. */
  max: number, } | { "type": "toggle",
  /** Initial value. */
  default: boolean, } | { "type": "choice",
  /** Initial value. */
  default: string,
  /** All values. */
  options: Array<string>, } | { "type": "text",
  /** Initial value. */
  default: string,
  /** Most characters it may have. */
  max_len: number, } | { "type": "table",
  /** Nothing. */
  default: string,
  /** What a small one looks like. */
  example: string,
  /** Most characters it may have. */
  max_len: number, };

/** A value as it travels between page, address, command line and parameter. */
export type Value = number | boolean | string;

/** Something to try: a sentence, and the parameters it sets. */
export type Experiment = {
  /** Short name. */
  title: string,
  /** What to do and what to see, in one sentence. */
  text: string,
  /** Parameters by name, each with its value as text; all others are at their defaults. */
  set: Array<[string, string]>, };

/** What the gallery shows of an exhibit: one figure, as it comes out after some steps. */
export type Cover = {
  /** Name of the figure; empty: the first that is a plot. */
  figure: string,
  /** Steps taken before it is drawn. */
  steps: number,
  /** Parameters by name, each with its value as text; all others are at their defaults. */
  set: Array<[string, string]>, };

/** What a paper says, with the function that measures it here. */
export type ClaimInfo = {
  /** Short `snake_case` name, one of a kind within the exhibit. */
  id: string,
  /** What the paper says, in one sentence. */
  sentence: string,
  /** The value as printed there. */
  published: string,
  /** Where it stands: "Table 1", "section 4.2". */
  source: string,
  /** How it is measured here, and what is scaled down. */
  protocol: string,
  /** Whether it is measured within a few seconds. */
  quick: boolean, };

/** From the page. Each gets exactly one reply, and the next is sent only then. */
export type Request = { "type": "open",
  /** Which. */
  id: string,
  /** Seed of every random choice, a whole number from 0 to 2^32 - 1. */
  seed: number,
  /** Which device is wished for. */
  device: DeviceChoice,
  /** Parameters that differ from their defaults; text is read as the schema says. */
  params: Record<string, Value>,
  /** What the reader did before, to be done again. */
  pokes: Array<Poke>, } | { "type": "set",
  /** Which. */
  name: string,
  /** To what. */
  value: Value, } | { "type": "poke",
  /** What was done. */
  poke: Poke, } | { "type": "advance",
  /** How many at most. */
  steps: number,
  /** Time to use. */
  budget_ms: number, } | { "type": "check",
  /** Which. */
  claim: string,
  /** Time to use. */
  budget_ms: number, } | { "type": "spread",
  /** For each line, that of every seed. */
  curves: Array<Array<Curve>>, };

/** What a reader did to a mark; checked against the figure before an exhibit sees it. */
export type Poke = {
  /** Name of the figure. */
  figure: string,
  /** Name of the mark in it. */
  mark: string,
  /** What was done. */
  kind: PokeKind,
  /** Row of the mark it was done to; of no meaning in an `add`. */
  index: number,
  /** Where, in units of the horizontal axis. */
  x: number,
  /** Where, in units of the vertical axis. */
  y: number, };

/** Something a reader can do to a mark. */
export type PokeKind = "drag" | "add" | "remove" | "click";

/** To the page. */
export type Reply = { "type": "frame" } & Frame | { "type": "checking",
  /** Of which claim. */
  claim: string,
  /** How much of it is done, 0 to 1. */
  fraction: number,
  /** What is going on. */
  message: string, } | { "type": "checked",
  /** Of which claim. */
  claim: string,
  /** The value measured. */
  here: string,
  /** Whether what the paper says is true of it. */
  holds: boolean,
  /** Settings, sample size, spread. */
  detail: string,
  /** Tables that belong to it. */
  tables: Array<Figure>, } | { "type": "spread",
  /** One for each line. */
  spreads: Array<Spread>, } | { "type": "error",
  /** The field of the request that is wrong, where it is one. */
  field: string | null,
  /** What came and what is allowed, in one sentence. */
  message: string, };

/** The state of a run, drawn. */
export type Frame = {
  /** Steps taken since the start. */
  step: number,
  /** Whether the run has ended. */
  done: boolean,
  /** What the reader should know: that the GPU was lost, that the run diverged. */
  notice: string | null,
  /** Parameters by name. */
  values: { [key in string]: Value },
  /** After `open`: a sentence for each part of it that was ignored. */
  ignored: Array<string>,
  /** What the reader did so far, as an address carries it. */
  pokes: Array<Poke>,
  /** What the run runs on. */
  device: DeviceInfo,
  /** Numbers to show beside the figures. */
  metrics: Array<Metric>,
  /** Figures in reading order. */
  figures: Array<Figure>, };

/** What a run runs on. */
export type DeviceInfo = {
  /** CPU or GPU. */
  kind: "cpu" | "gpu",
  /** Its name, as far as the browser tells. */
  name: string,
  /** Whether a GPU is only acted by software. */
  software: boolean,
  /** How it was chosen, with what was measured; may be empty. */
  detail: string, };

/** Which device is wished for. */
export type DeviceChoice = "auto" | "cpu" | "gpu";

/** A number shown beside the figures. */
export type Metric = {
  /** Stable `snake_case` name. */
  name: string,
  /** Caption. */
  label: string,
  /** The number; none: not known yet, or not finite. */
  value: number | null,
  /** Unit; empty: a pure number. */
  unit: string, };

/** One figure, redrawn whole whenever it changes. */
export type Figure = {
  /** Stable name within its exhibit. */
  id: string,
  /** Heading. */
  title: string,
  /** What is drawn and how to read it, in a sentence or two. */
  caption: string,
  /** What the figure shows now, in words and numbers, for who cannot see it. */
  alt: string,
  /** Room it takes in the layout. */
  width: Width,
  /** What is drawn. */
  body: Body, };

/** Room a figure takes in the layout. */
export type Width = "half" | "full";

/** The kinds of figure. */
export type Body = { "type": "plot",
  /** Horizontal axis. */
  x: Axis,
  /** Vertical axis. */
  y: Axis,
  /** Scale of colours; none: Plot's own choice. */
  color: Color | null,
  /** Height over width of the frame; 1 with equal units for a plane. */
  aspect: number | null,
  /** Marks, back to front. */
  marks: Array<Mark>, } | { "type": "table",
  /** Columns, left to right, all of one length. */
  columns: Array<TableColumn>,
  /** The row that is set off from the others. */
  highlight: number | null, };

/** A column of a table. */
export type TableColumn = {
  /** Heading. */
  name: string,
  /** Entries. */
  values: Column, };

/** An axis. */
export type Axis = {
  /** Quantity and unit. */
  label: string,
  /** Kind of scale. */
  kind: Scale,
  /** Ends of the scale; none: those of the data. */
  domain: [number, number] | null,
  /** Whether to draw no axis. */
  hidden: boolean,
  /** Whether what is dragged along it goes from whole number to whole number. */
  whole: boolean, };

/** Kinds of scale of an axis. */
export type Scale = "linear" | "log" | "band";

/** The scale of colours of a plot. */
export type Color = {
  /** Kind of scale. */
  kind: Palette,
  /** Ends of the scale; none: those of the data. */
  domain: [number, number] | null,
  /** Quantity and unit. */
  label: string,
  /** Whether to draw a legend. */
  legend: boolean, };

/** Kinds of scale of colours. */
export type Palette = "series" | "sequential" | "diverging";

/** A mark of a plot. */
export type Mark = {
  /** Name of the Plot function. */
  mark: string,
  /** Name of the mark in its figure; empty unless it can be poked. */
  id: string,
  /** Columns by channel, all of one length. */
  channels: { [key in string]: Column },
  /** Constants by option; a colour may be the name of a series. */
  options: { [key in string]: Constant },
  /** What a reader can do to its rows. */
  pokes: Array<PokeKind>, };

/** A constant of a mark. */
export type Constant = number | boolean | string;

/** A column of values. */
export type Column = Float32Array | Array<string>;

/** The line of one seed, as a `line` mark has it. */
export type Curve = {
  /** Horizontal positions. */
  x: Array<number>,
  /** Vertical positions, as many. */
  y: Array<number>,
  /** Series of each row; empty: one line. */
  z: Array<string>, };

/** Mean and spread of a line over seeds. */
export type Spread = {
  /** Horizontal positions that every seed has. */
  x: Array<number>,
  /** Mean over the seeds. */
  mean: Array<number>,
  /** Mean less the sample standard deviation. */
  low: Array<number>,
  /** Mean and the sample standard deviation. */
  high: Array<number>,
  /** Series of each row; empty: one line. */
  z: Array<string>, };
