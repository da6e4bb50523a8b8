//! The figures of each municipality, and of all together.

use crate::cli::table::table;
use crate::domain::{Afstemning, Beloeb, Udbetalingsperiode, Udfald};
use crate::store::Afstemninger;
use serde_json::{Value, json};
use std::io::{self, Write};

/// What does not come out even, in the order of the columns.
const UNEVEN: [Udfald; 6] = [
    Udfald::Delvis,
    Udfald::Ingen,
    Udfald::Tilbagefoert,
    Udfald::Aaben,
    Udfald::Udeblevet,
    Udfald::Over,
];

/// All together.
pub(in crate::cli) fn all(figures: &Afstemninger) -> Afstemning {
    let mut sum = Afstemning::default();
    for one in figures.values() {
        sum += *one;
    }
    sum
}

/// For people: columns without any amount are left out.
pub(super) fn text(
    figures: &Afstemninger,
    periode: Udbetalingsperiode,
    out: &mut dyn Write,
) -> io::Result<()> {
    if figures.is_empty() {
        return writeln!(out, "Nothing was expected or reported for {periode}.");
    }
    let sum = all(figures);
    summary(&sum, periode, out)?;
    let uneven = UNEVEN.into_iter().filter(|udfald| sum.post(*udfald).antal > 0);
    let uneven: Vec<_> = uneven.collect();
    let unexpected = sum.uventet.antal > 0;
    let mut heads = vec!["kommune".to_owned(), String::new(), ">antal".to_owned()];
    heads.extend([">forventet".to_owned(), ">modtaget".to_owned()]);
    heads.extend(uneven.iter().map(|udfald| format!(">{udfald}")));
    heads.extend(unexpected.then(|| ">uventet".to_owned()));
    heads.push(">difference".to_owned());
    let mut table = table(&heads.iter().map(String::as_str).collect::<Vec<_>>());
    let mut row = |kommune: String, navn: &str, one: &Afstemning| {
        let forventet = one.forventet();
        let mut cells = vec![kommune, navn.to_owned(), forventet.antal.to_string()];
        cells.extend([forventet.beloeb.to_string(), one.modtaget().beloeb.to_string()]);
        cells.extend(uneven.iter().map(|udfald| amount(one.post(*udfald).afvigelse())));
        cells.extend(unexpected.then(|| amount(one.uventet.beloeb)));
        cells.push(amount(one.difference()));
        table.add_row(cells);
    };
    for (kommune, one) in figures {
        row(kommune.to_string(), kommune.navn(), one);
    }
    row(String::new(), "i alt", &sum);
    writeln!(out, "\n{}", table.trim_fmt())
}

/// What matters in one look: how much came, and where the rest is.
pub(in crate::cli) fn summary(
    sum: &Afstemning,
    periode: Udbetalingsperiode,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (forventet, modtaget) = (sum.forventet(), sum.modtaget());
    writeln!(
        out,
        "{periode}: {} expectations, {} kr.; {} are reported on, {} kr. came.",
        forventet.antal, forventet.beloeb, modtaget.antal, modtaget.beloeb
    )?;
    for udfald in UNEVEN {
        let post = sum.post(udfald);
        if post.antal > 0 {
            let what = meaning(udfald);
            let off = post.afvigelse().to_string();
            writeln!(out, "  {udfald:<12} {:>8}  {off:>16} kr.  {what}", post.antal)?;
        }
    }
    if sum.uventet.antal > 0 {
        let (antal, beloeb) = (sum.uventet.antal, sum.uventet.beloeb.to_string());
        writeln!(out, "  uventet      {antal:>8}  {beloeb:>16} kr.  nobody expected it")?;
    }
    Ok(())
}

const fn meaning(udfald: Udfald) -> &'static str {
    match udfald {
        Udfald::Fuld => "came in full",
        Udfald::Delvis => "is short: only a part was withheld",
        Udfald::Ingen => "is short: nothing was withheld",
        Udfald::Tilbagefoert => "is short: it was taken back",
        Udfald::Aaben => "is open: no report yet, its time is not over",
        Udfald::Udeblevet => "is missing: no report by its deadline",
        Udfald::Over => "came too much",
    }
}

/// An amount, or nothing for none: what is wrong must stand out.
fn amount(beloeb: Beloeb) -> String {
    if beloeb == Beloeb::NUL { String::new() } else { beloeb.to_string() }
}

/// One line for each municipality; no sum, as programs add up themselves.
pub(super) fn csv(figures: &Afstemninger, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let mut heads: Vec<_> = ["kommunekode", "navn", "forventet_antal", "forventet_oere"].into();
    heads.extend(["modtaget_antal", "modtaget_oere"]);
    let mut heads: Vec<_> = heads.into_iter().map(str::to_owned).collect();
    for udfald in Udfald::ALL {
        heads.extend(
            ["antal", "forventet_oere", "modtaget_oere"].map(|of| format!("{udfald}_{of}")),
        );
    }
    heads.extend(["uventet_antal", "uventet_oere", "difference_oere"].map(str::to_owned));
    csv.write_record(&heads)?;
    for (kommune, one) in figures {
        let (forventet, modtaget) = (one.forventet(), one.modtaget());
        let mut cells = vec![kommune.to_string(), kommune.navn().to_owned()];
        for tal in [forventet, modtaget] {
            cells.extend([tal.antal.to_string(), tal.beloeb.oere().to_string()]);
        }
        for udfald in Udfald::ALL {
            let post = one.post(udfald);
            cells.push(post.antal.to_string());
            cells.extend([post.forventet, post.modtaget].map(|beloeb| beloeb.oere().to_string()));
        }
        cells.extend([one.uventet.antal.to_string(), one.uventet.beloeb.oere().to_string()]);
        cells.push(one.difference().oere().to_string());
        csv.write_record(&cells)?;
    }
    Ok(csv.flush()?)
}

pub(super) fn json(
    figures: &Afstemninger,
    periode: Udbetalingsperiode,
    out: &mut dyn Write,
) -> io::Result<()> {
    let kommuner: Vec<_> = figures
        .iter()
        .map(|(kommune, one)| {
            let mut json = one_json(one);
            json["kommunekode"] = kommune.to_string().into();
            json["navn"] = kommune.navn().into();
            json
        })
        .collect();
    let json = json!({
        "udbetalingsperiode": periode.to_string(),
        "kommuner": kommuner,
        "i_alt": one_json(&all(figures)),
    });
    writeln!(out, "{json:#}")
}

fn one_json(one: &Afstemning) -> Value {
    let (forventet, modtaget) = (one.forventet(), one.modtaget());
    let udfald: serde_json::Map<_, _> = Udfald::ALL
        .into_iter()
        .map(|udfald| {
            let post = one.post(udfald);
            let json = json!({
                "antal": post.antal,
                "forventet_oere": post.forventet.oere(),
                "modtaget_oere": post.modtaget.oere(),
            });
            (udfald.word().to_owned(), json)
        })
        .collect();
    json!({
        "forventet": { "antal": forventet.antal, "oere": forventet.beloeb.oere() },
        "modtaget": { "antal": modtaget.antal, "oere": modtaget.beloeb.oere() },
        "udfald": udfald,
        "uventet": { "antal": one.uventet.antal, "oere": one.uventet.beloeb.oere() },
        "mangler_oere": one.mangler().oere(),
        "difference_oere": one.difference().oere(),
    })
}
