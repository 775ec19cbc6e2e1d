//! A table as a picture, both axes logarithmic.

use std::fmt::Write as _;

use super::curve::{Table, float, grouped};

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 420.0;
/// Around the curves: for the scale on the left, the names on the right, the sizes below.
const LEFT: f64 = 70.0;
const RIGHT: f64 = 260.0;
const TOP: f64 = 20.0;
const BOTTOM: f64 = 50.0;
/// Told apart by those who see few colours as well (Okabe and Ito), and by their dashes.
const COLOURS: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f",
];
/// Of the letters of a name, so that no two are on one another.
const LINE: f64 = 16.0;

/// Where a value is on an axis.
struct Axis {
    least: f64,
    most: f64,
    from: f64,
    to: f64,
}

impl Axis {
    /// Over whole powers of ten.
    fn new(values: impl Iterator<Item = f64> + Clone, from: f64, to: f64) -> Self {
        let logs = values.map(|value| value.max(1e-3).log10());
        let least = logs.clone().fold(f64::MAX, f64::min).floor();
        let most = logs.fold(f64::MIN, f64::max).ceil().max(least + 1.0);
        Self {
            least,
            most,
            from,
            to,
        }
    }

    fn at(&self, value: f64) -> f64 {
        let part = (value.max(1e-3).log10() - self.least) / (self.most - self.least);
        self.from + part * (self.to - self.from)
    }

    /// Each power of ten.
    fn marks(&self) -> impl Iterator<Item = f64> {
        let (mut next, most) = (self.least, self.most);
        std::iter::from_fn(move || {
            let mark = (next <= most).then(|| 10_f64.powf(next));
            next += 1.0;
            mark
        })
    }
}

/// An SVG.
pub(super) fn draw(table: &Table) -> String {
    let sizes = table.sizes.iter().map(|size| float(*size));
    let values = (table.curves.iter()).flat_map(|curve| curve.points.iter().map(|point| point.0));
    let across = Axis::new(sizes, LEFT, WIDTH - RIGHT);
    let up = Axis::new(values, HEIGHT - BOTTOM, TOP);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\">\n<title>{}</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
        table.title
    );
    grid(&mut svg, &across, &up, table.counted);
    let mut below = TOP;
    // Names from above to below as the curves end, each beside its end if there is room.
    let mut curves: Vec<_> = table.curves.iter().enumerate().collect();
    let end = |points: &[(f64, f64)]| points.last().map_or(0.0, |point| up.at(point.0));
    curves.sort_by(|one, other| end(&one.1.points).total_cmp(&end(&other.1.points)));
    for (number, curve) in curves {
        let colour = COLOURS[number % COLOURS.len()];
        let dashes = if number < COLOURS.len() {
            "none"
        } else {
            "6 3"
        };
        let points = (table.sizes.iter().zip(&curve.points))
            .map(|(size, (value, _))| (across.at(float(*size)), up.at(*value)));
        let line: Vec<_> = points
            .clone()
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" \
             stroke-dasharray=\"{dashes}\"/>",
            line.join(" ")
        );
        for (x, y) in points {
            let _ = writeln!(
                svg,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>"
            );
        }
        below = (below + LINE).max(end(&curve.points) + 4.0);
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{below:.1}\" fill=\"{colour}\">{}</text>",
            WIDTH - RIGHT + 10.0,
            curve.name
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn grid(svg: &mut String, across: &Axis, up: &Axis, counted: &str) {
    for mark in across.marks() {
        let x = across.at(mark);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a power of ten that is a size"
        )]
        let size = grouped(mark as u64);
        let _ = writeln!(
            svg,
            "<path d=\"M{x:.1} {TOP}V{}\" stroke=\"#dddddd\"/><text x=\"{x:.1}\" y=\"{}\" \
             text-anchor=\"middle\">{size}</text>",
            HEIGHT - BOTTOM,
            HEIGHT - BOTTOM + LINE
        );
    }
    for mark in up.marks() {
        let y = up.at(mark);
        // 0.01, 0.1, 1, 10 …
        let digits = usize::from(mark < 1.0) + usize::from(mark < 0.1);
        let value = format!("{mark:.digits$}");
        let _ = writeln!(
            svg,
            "<path d=\"M{LEFT} {y:.1}H{}\" stroke=\"#dddddd\"/><text x=\"{}\" y=\"{:.1}\" \
             text-anchor=\"end\">{value}</text>",
            WIDTH - RIGHT,
            LEFT - 6.0,
            y + 4.0
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{counted}</text>",
        f64::midpoint(LEFT, WIDTH - RIGHT),
        HEIGHT - 12.0
    );
}
