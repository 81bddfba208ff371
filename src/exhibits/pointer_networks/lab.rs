//! The fourth panel: a net's tours against the heuristics', the best known, and yours.
use super::{
    Params,
    decode::Decoder,
    geometry::Point,
    instances::Instance,
    pointer::Net,
    shipped::Model,
    tours::Heuristic,
    tsp::{length, score},
    view::outline,
};
use crate::{
    engine::rng::Stream,
    error::{Error, Result},
    exhibit::{Ctx, Metric, Progress},
    figure::{Color, Figure, Poke, PokeKind, arrow, band, bar_x, dot, linear, text},
};

/// Instances after which the race ends.
const INSTANCES: usize = 100;

/// Answers kept by the beam.
const BEAM: usize = 8;

/// Ways in which the net answers, in the order of the bars.
const WAYS: [&str; 3] = ["net, greedy", "net, beam of 8", "net, best of samples"];

/// A race on random instances, and a plane to play on.
pub struct Lab {
    net: Net,
    decoder: Decoder,
    cities: usize,
    samples: usize,
    instances: Stream,
    draws: Stream,
    /// How many instances are done.
    done: usize,
    /// By way and then by heuristic: sum of lengths of valid tours, and their number.
    sums: Vec<(f64, usize)>,
    /// Sum of the best known lengths.
    best: f64,
    /// The visitor's cities, the best known tour of them, and the net's.
    yours: Instance,
    nets: Vec<usize>,
    /// The visitor's tour so far.
    tour: Vec<usize>,
}

impl Lab {
    /// Before the first instance.
    pub async fn new(ctx: &Ctx, p: &Params) -> Result<Self> {
        let name = if p.tour_net == "Ptr-Net" { "tsp_ptr_net" } else { "tsp_set" };
        let model = Model::named(name);
        let net = Net { mask: p.constraint, ..model.net };
        let mut decoder = super::shipped::load(net, &model.file(), &ctx.files).await?;
        let yours = net.kind().random(&mut Stream::new(ctx.seed, "your cities"), p.cities);
        let nets = decoder.greedy(&[&yours.points]).await?.pop().map(|answer| answer.outputs);
        Ok(Self {
            net,
            decoder,
            cities: p.cities,
            samples: p.samples,
            instances: Stream::new(ctx.seed, "tours"),
            draws: Stream::new(ctx.seed, "sampled tours"),
            done: 0,
            sums: vec![(0.0, 0); WAYS.len() + Heuristic::ALL.len()],
            best: 0.0,
            yours,
            nets: nets.unwrap_or_default(),
            tour: vec![],
        })
    }

    /// One more instance.
    pub async fn step(&mut self) -> Result<Progress> {
        let Instance { points, target } = self.net.kind().random(&mut self.instances, self.cities);
        let valid = |outputs: &Vec<usize>| score(&points, outputs, &target).valid;
        let best = |answers: Vec<super::decode::Answer>| {
            let tours = answers.into_iter().map(|answer| answer.outputs).filter(valid);
            tours.min_by(|a, b| length(&points, a).total_cmp(&length(&points, b)))
        };
        let greedy = best(self.decoder.greedy(&[&points]).await?);
        let beam = self.decoder.search(&[&points], BEAM).await?.pop().unwrap_or_default();
        let sampled = self.decoder.samples(&points, self.samples, &mut self.draws).await?;
        let ways = [greedy, best(beam), best(sampled)];
        let others = Heuristic::ALL.map(|heuristic| Some(heuristic.tour(&points)));
        for (sum, tour) in self.sums.iter_mut().zip(ways.into_iter().chain(others)) {
            if let Some(tour) = tour {
                sum.0 += length(&points, &tour);
                sum.1 += 1;
            }
        }
        self.best += length(&points, &target);
        self.done += 1;
        Ok(if self.done < INSTANCES { Progress::More } else { Progress::Done })
    }

    /// Adds a city to the visitor's tour, or takes back the last.
    pub fn poke(&mut self, poke: &Poke) -> Result<()> {
        let fault = |reason: String| Error::Poke {
            figure: poke.figure.clone(),
            kind: poke.kind.to_string(),
            reason,
        };
        let city = poke.index as usize;
        if poke.kind != PokeKind::Click || poke.figure != "cities" {
            return Err(fault("cities can only be clicked".to_owned()));
        }
        if city >= self.cities {
            return Err(fault(format!("there is no city {} among {}", city + 1, self.cities)));
        }
        if self.tour.last() == Some(&city) {
            self.tour.pop();
        } else if self.tour.contains(&city) {
            return Err(fault(format!("city {} is on your tour already", city + 1)));
        } else {
            self.tour.push(city);
        }
        Ok(())
    }

    /// The visitor's cities, and the race.
    pub fn figures(&self) -> Vec<Figure> {
        vec![self.cities(), self.race()]
    }

    fn is_whole(&self) -> bool {
        self.tour.len() == self.cities
    }

    fn cities(&self) -> Figure {
        let axes = || linear("").domain(-0.05, 1.05).hidden();
        let Instance { points, target } = &self.yours;
        let at = |i: &usize| points[*i];
        let closed = if self.is_whole() { self.tour.first() } else { None };
        let path: Vec<Point> = self.tour.iter().chain(closed).map(at).collect();
        let ends = |axis: usize| -> (Vec<f32>, Vec<f32>) {
            path.windows(2).map(|pair| (pair[0][axis], pair[1][axis])).unzip()
        };
        let ((x1, x2), (y1, y2)) = (ends(0), ends(1));
        let [x, y] = [0, 1].map(|axis| points.iter().map(|p| p[axis]).collect::<Vec<f32>>());
        let names: Vec<String> = (1..=points.len()).map(|i| format!("city {i}")).collect();
        let figure = Figure::plot("cities", "Beat the network", axes(), axes())
            .aspect(1.0)
            .color(Color::series())
            .caption(
                "Click one city after another; a click on the last one takes it back. When your tour is \
                 whole, the net's and the best known are shown.",
            )
            .alt(self.verdict());
        let figure = if self.is_whole() {
            figure
                .with(outline(points, target).stroke("best known").option("strokeDasharray", "6 4"))
                .with(outline(points, &self.nets).stroke("net").stroke_opacity(0.5))
        } else {
            figure
        };
        let yours = arrow().x1(x1).y1(y1).x2(x2).y2(y2).stroke("you").stroke_width(2.0);
        figure.with(yours.option("inset", 7.0).option("headLength", 7.0)).with(
            dot()
                .x(x)
                .y(y)
                .r(6.0)
                .fill("currentColor")
                .title(names)
                .poked("cities", &[PokeKind::Click]),
        )
    }

    fn verdict(&self) -> String {
        let Instance { points, target } = &self.yours;
        if !self.is_whole() {
            return format!("{} of {} cities are on your tour.", self.tour.len(), self.cities);
        }
        let net = score(points, &self.nets, target);
        let net = if net.valid {
            format!("{:.3}", length(points, &self.nets))
        } else {
            "no valid tour".to_owned()
        };
        format!(
            "Your tour is {:.3} long, the net's {net}, the best known {:.3}.",
            length(points, &self.tour),
            length(points, target)
        )
    }

    /// Mean lengths of those that found a tour, and how many did not.
    fn bars(&self) -> Vec<(String, f64, usize)> {
        let ways = WAYS.into_iter().map(str::to_owned);
        let names = ways.chain(Heuristic::ALL.map(|heuristic| heuristic.name().to_owned()));
        let mean = |(sum, count): (f64, usize)| sum / count as f64;
        let bars = names.zip(&self.sums);
        let mut bars: Vec<_> =
            bars.map(|(name, &sum)| (name, mean(sum), self.done - sum.1)).collect();
        let best = if self.cities <= super::tsp::EXACT { "optimal" } else { "best known" };
        bars.push((best.to_owned(), self.best / self.done as f64, 0));
        bars
    }

    fn race(&self) -> Figure {
        let bars = if self.done == 0 { vec![] } else { self.bars() };
        let names: Vec<String> = bars.iter().map(|(name, ..)| name.clone()).collect();
        // A bar of nothing where there is no valid tour.
        let lengths =
            bars.iter().map(|(_, length, _)| if length.is_nan() { 0.0 } else { *length as f32 });
        let lengths: Vec<f32> = lengths.collect();
        let label = |(_, length, invalid): &(String, f64, usize)| match invalid {
            0 => format!("{length:.3}"),
            _ if length.is_nan() => "no valid tour".to_owned(),
            _ => format!("{length:.3} ({invalid} not valid)"),
        };
        let labels: Vec<String> = bars.iter().map(label).collect();
        let each: Vec<String> =
            names.iter().zip(&labels).map(|(n, l)| format!("{n} {l}")).collect();
        let alt = match self.done {
            0 => "No instance yet.".to_owned(),
            done => format!("Mean lengths over {done} instances: {}.", each.join(", ")),
        };
        // Room for the words beside the longest bar.
        let longest = lengths.iter().fold(1.0_f32, |a, &b| a.max(b));
        let axis = linear("mean length").domain(0.0, 1.35 * f64::from(longest));
        Figure::plot("race", "Mean tour length", axis, band(""))
            .aspect(0.75)
            .color(Color::series().without_legend())
            .alt(alt)
            .caption(format!(
                "{} of {INSTANCES} random instances of {} cities. Beam of {BEAM}, {} samples; of several tours \
                 the shortest valid one counts.",
                self.done, self.cities, self.samples
            ))
            .with(bar_x().x(lengths.clone()).y(names.clone()).fill(names.clone()))
            .with(text().x(lengths).y(names).text(labels).option("textAnchor", "start").option("dx", 4.0))
    }

    /// In numbers.
    pub fn metrics(&self) -> Vec<Metric> {
        let (sum, count) = self.sums[0];
        let valid = 100.0 * count as f64 / self.done as f64;
        vec![
            Metric::new("instances", "Instances", self.done as f64),
            Metric::new("greedy", "Net, greedy", sum / count as f64),
            Metric::new("best", "Best known", self.best / self.done as f64),
            Metric::new("valid", "Valid, greedy", valid).unit("%"),
        ]
    }
}
