//! The longest stay of each step as a bar against its standard, drawn twice: for wide screens and for narrow ones. The
//! same figures stand in the table below it.

use crate::engine::register::StepRecap;
use crate::web::say::fill;
use crate::web::words::ReportWords;

/// A diagram's size, bars and words.
pub struct Chart {
    pub width: u64,
    pub height: u64,
    pub bars: Vec<Bar>,
    /// Top of the line that explains the marks.
    pub key: u64,
}

pub struct Bar {
    pub name: String,
    /// Baseline of the name.
    pub name_y: u64,
    pub text: String,
    pub text_x: u64,
    pub text_y: u64,
    pub x: u64,
    pub y: u64,
    /// The part within the standard.
    pub within: u64,
    /// The part beyond it.
    pub beyond: u64,
    /// Where the standard ends.
    pub standard_x: u64,
}

/// Where bars begin, how far they reach, and how high a row is.
struct Plan {
    width: u64,
    left: u64,
    reach: u64,
    row: u64,
    /// From a row's top to its bar.
    drop: u64,
    /// From a row's top to its name.
    name: u64,
}

impl Chart {
    pub fn wide(recap: &[StepRecap], name: impl Fn(&StepRecap) -> String, r: &'static ReportWords) -> Self {
        Self::drawn(recap, name, r, &Plan { width: 1000, left: 200, reach: 600, row: 36, drop: 8, name: 23 })
    }

    pub fn slim(recap: &[StepRecap], name: impl Fn(&StepRecap) -> String, r: &'static ReportWords) -> Self {
        Self::drawn(recap, name, r, &Plan { width: 330, left: 0, reach: 160, row: 52, drop: 28, name: 20 })
    }

    fn drawn(recap: &[StepRecap], name: impl Fn(&StepRecap) -> String, r: &'static ReportWords, plan: &Plan) -> Self {
        let longest = recap.iter().map(|step| step.longest_minutes.max(u64::from(step.standard))).max().unwrap_or(1);
        let scaled = |minutes: u64| minutes * plan.reach / longest.max(1);
        let bar = |(nth, step): (u64, &StepRecap)| {
            let top = nth * plan.row;
            let standard = u64::from(step.standard);
            let within = scaled(step.longest_minutes.min(standard));
            let beyond = scaled(step.longest_minutes).saturating_sub(within);
            let over = step.longest_minutes > standard;
            let sentence = if over { r.chart_over } else { r.chart_row };
            Bar {
                name: name(step),
                name_y: top + plan.name,
                text: fill(sentence, &[&step.longest_minutes.to_string(), &standard.to_string()]),
                text_x: plan.left + scaled(standard).max(within + beyond) + 8,
                text_y: top + plan.drop + 15,
                x: plan.left,
                y: top + plan.drop,
                // What took no whole minute still took place.
                within: within.max(2),
                beyond: if over { beyond.max(2) } else { 0 },
                standard_x: plan.left + scaled(standard),
            }
        };
        let bars: Vec<Bar> = (0..).zip(recap).map(bar).collect();
        let key = bars.len() as u64 * plan.row + 12;
        Self { width: plan.width, height: key + 24, bars, key }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sop::names::Language;

    #[test]
    fn the_longest_bar_fills_the_reach_and_only_what_is_over_goes_beyond_its_standard() {
        let step = |standard, longest_minutes| StepRecap { standard, longest_minutes, ..StepRecap::default() };

        let chart =
            Chart::wide(&[step(15, 30), step(10, 5), step(5, 0)], |_| String::new(), ReportWords::of(Language::Id));

        let [over, within, nothing] = &chart.bars[..] else { panic!("a bar a step") };
        assert_eq!((over.within, over.beyond, over.standard_x), (300, 300, 500));
        assert_eq!((within.within, within.beyond, within.standard_x), (100, 0, 400));
        assert_eq!((nothing.within, nothing.beyond), (2, 0));
        assert!(over.text.contains("30 dari 15 menit, lewat") && within.text == "5 dari 10 menit");
        assert!(chart.bars.iter().all(|bar| bar.text_x < chart.width - 150), "the words fit beside the bars");
    }
}
