//! Charts as SVG text, in colours that are seen on white and on black alike.

use std::fmt::Write;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 190.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 48.0;
/// Ours first; the rest in the order in which they come.
const COLOURS: [&str; 6] = ["#2f81f7", "#d97706", "#16a34a", "#c026d3", "#dc2626", "#64748b"];
/// Text and lines that are read on both backgrounds.
const INK: &str = "#7d8590";

/// A curve: its name and its points.
pub type Curve = (String, Vec<(f64, f64)>);

/// Curves over logarithmic axes: where one is steeper than another, it grows faster.
pub fn log_log(title: &str, x_axis: &str, y_axis: &str, curves: &[Curve]) -> String {
    let points = || curves.iter().flat_map(|(_, points)| points);
    let (x, y) = (Axis::of(points().map(|point| point.0)), Axis::of(points().map(|point| point.1)));
    let across = |value: f64| LEFT + x.place(value) * (WIDTH - LEFT - RIGHT);
    let up = |value: f64| HEIGHT - BOTTOM - y.place(value) * (HEIGHT - TOP - BOTTOM);
    let mut svg = open(title, HEIGHT);
    for value in x.decades() {
        let at = across(value);
        line(&mut svg, (at, TOP), (at, HEIGHT - BOTTOM));
        text(&mut svg, (at, HEIGHT - BOTTOM + 18.0), "middle", INK, &short(value));
    }
    for value in y.decades() {
        let at = up(value);
        line(&mut svg, (LEFT, at), (WIDTH - RIGHT, at));
        text(&mut svg, (LEFT - 8.0, at + 4.0), "end", INK, &short(value));
    }
    text(&mut svg, (f64::midpoint(LEFT, WIDTH - RIGHT), HEIGHT - 10.0), "middle", INK, x_axis);
    text(&mut svg, (8.0, TOP - 8.0), "start", INK, y_axis);
    let mut labels = Vec::new();
    for (index, (name, points)) in curves.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let path: Vec<_> = points.iter().map(|(x, y)| format!("{:.1},{:.1}", across(*x), up(*y))).collect();
        let width = if index == 0 { 3.5 } else { 2.0 };
        let _ = writeln!(
            svg,
            r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-linejoin="round"/>"#,
            path.join(" ")
        );
        for (x, y) in points {
            let (x, y) = (across(*x), up(*y));
            let _ = writeln!(svg, r#"<circle cx="{x:.1}" cy="{y:.1}" r="{width}" fill="{colour}"/>"#);
        }
        if let Some((_, y)) = points.last() {
            labels.push((up(*y), colour, name));
        }
    }
    for (y, colour, name) in apart(labels) {
        text(&mut svg, (WIDTH - RIGHT + 12.0, y + 4.0), "start", colour, name);
    }
    svg + "</svg>\n"
}

/// Bars from the left, each with its name and what it says at its end.
pub fn bars(title: &str, bars: &[(String, f64, String)]) -> String {
    const STEP: f64 = 30.0;
    let height = TOP + STEP * bars.len() as f64 + 12.0;
    let (left, end) = (200.0, WIDTH - 150.0);
    let longest = bars.iter().map(|bar| bar.1).fold(f64::MIN_POSITIVE, f64::max);
    let mut svg = open(title, height);
    for (index, (name, value, says)) in bars.iter().enumerate() {
        let y = TOP + STEP * index as f64;
        let ours = name.starts_with("gapless");
        let colour = if ours { COLOURS[0] } else { COLOURS[5] };
        // A bar must be visible.
        let width = (value / longest * (end - left)).max(2.0);
        text(&mut svg, (left - 10.0, y + 15.0), "end", if ours { colour } else { INK }, name);
        let _ = writeln!(
            svg,
            r#"<rect x="{left}" y="{y:.1}" width="{width:.1}" height="20" rx="2" fill="{colour}"/>"#
        );
        text(&mut svg, (left + width + 8.0, y + 15.0), "start", if ours { colour } else { INK }, says);
    }
    svg + "</svg>\n"
}

/// A logarithmic axis from a power of ten to another.
struct Axis {
    low: f64,
    high: f64,
}

impl Axis {
    fn of(values: impl Iterator<Item = f64>) -> Axis {
        let logs = values.filter(|value| *value > 0.0).map(f64::log10);
        let (low, high) = logs.fold((f64::MAX, f64::MIN), |(low, high), log| (log.min(low), log.max(high)));
        if low > high {
            return Axis { low: 0.0, high: 1.0 };
        }
        let low = low.floor();
        Axis { low, high: high.ceil().max(low + 1.0) }
    }

    /// From nought to one.
    fn place(&self, value: f64) -> f64 {
        (value.max(f64::MIN_POSITIVE).log10() - self.low) / (self.high - self.low)
    }

    fn decades(&self) -> impl Iterator<Item = f64> {
        let (low, high) = (self.low as i32, self.high as i32);
        (low..=high).map(|exponent| 10_f64.powi(exponent))
    }
}

/// Labels that would lie on each other are moved down.
fn apart<'a>(mut labels: Vec<(f64, &'a str, &'a String)>) -> Vec<(f64, &'a str, &'a String)> {
    labels.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut free = f64::MIN;
    for label in &mut labels {
        label.0 = label.0.max(free);
        free = label.0 + 16.0;
    }
    labels
}

fn open(title: &str, height: f64) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" font-family=\"system-ui, sans-serif\" font-size=\"13\" role=\"img\">\n\
         <title>{title}</title>\n"
    );
    let _ = writeln!(
        svg,
        r#"<text x="{:.1}" y="20" text-anchor="middle" font-size="15" font-weight="600" fill="{INK}">{title}</text>"#,
        WIDTH / 2.0
    );
    svg
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64)) {
    let _ = writeln!(
        svg,
        r#"<line x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}" stroke="{INK}" stroke-opacity="0.3"/>"#,
        from.0, from.1, to.0, to.1
    );
}

fn text(svg: &mut String, at: (f64, f64), anchor: &str, colour: &str, words: &str) {
    let _ = writeln!(
        svg,
        r#"<text x="{:.1}" y="{:.1}" text-anchor="{anchor}" fill="{colour}">{words}</text>"#,
        at.0, at.1
    );
}

fn short(value: f64) -> String {
    if value < 1.0 { value.to_string() } else { crate::table::number(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_reach_from_power_to_power() {
        let axis = Axis::of([3.0, 450.0].into_iter());
        assert_eq!(axis.decades().collect::<Vec<_>>(), [1.0, 10.0, 100.0, 1000.0]);
        assert_eq!((axis.place(1.0), axis.place(1000.0)), (0.0, 1.0));
    }

    #[test]
    fn labels_keep_apart() {
        let name = "sqlx".to_owned();
        let labels = apart(vec![(11.0, "", &name), (10.0, "", &name)]);
        assert_eq!(labels.iter().map(|label| label.0).collect::<Vec<_>>(), [10.0, 26.0]);
    }
}
