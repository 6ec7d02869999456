//! The first half of a label: what a product is, and who stands behind it.

use serde_json::Value;

use super::source::Source;
use super::words::{clean, rows, section, spoken, text, titled, url};
use super::{Row, Section};

/// The sections, in their order.
pub fn sections(source: &Source) -> Vec<Section> {
    let facts = &source.facts;
    let technology = text(facts, "technology_mime_type").map(|name| vec![Row::plain(&name)]);
    let artifacts = source.artifacts.iter().map(|artifact| Row::plain(artifact)).collect();
    vec![
        section("organization", "Offered by", rows(&facts["organization"], organization)),
        section("stewards", "Stewards", stewards(&facts["stewards"])),
        section("licensing", "Licensing", rows(&facts["licensing"], license)),
        section("pricing", "Pricing", rows(&facts["pricing"], price)),
        section("technology", "Technology type", technology),
        section("domain", "Domains", rows(&facts["domain"], |name| Row::plain(name.as_str().unwrap_or_default()))),
        section("cybersecurity", "Cybersecurity", rows(&facts["cybersecurity"], measure)),
        section("customer_service", "Customer service", rows(&facts["customer_service"], service)),
        section("artifacts", "Distributed as", Some(artifacts)),
    ]
}

fn organization(organization: &Value) -> Row {
    Row {
        name: text(organization, "name").unwrap_or_default(),
        details: text(organization, "contact").into_iter().collect(),
        ..Row::default()
    }
}

/// Curators before endorsers.
fn stewards(list: &Value) -> Option<Vec<Row>> {
    let steward = |steward: &Value| Row {
        name: text(steward, "name").unwrap_or_default(),
        value: text(steward, "role").map(|role| titled(&role)),
        ..Row::default()
    };
    let mut stewards = rows(list, steward)?;
    stewards.sort_by(|a, b| a.value.cmp(&b.value));
    Some(stewards)
}

/// Also of a licence that the manifest gives no address.
fn license(license: &Value) -> Row {
    Row {
        name: text(license, "name").unwrap_or_default(),
        details: text(license, "url").into_iter().collect(),
        url: url(license, "url"),
        ..Row::default()
    }
}

/// The official schema misspells "maintenance".
fn price(price: &Value) -> Row {
    let kind = text(price, "kind").map(|kind| kind.replace("maintainence", "maintenance"));
    let measure = text(price, "measure").map(|measure| match measure.as_str() {
        "ram_gib" => "GiB of RAM".to_owned(),
        "cpu_core" => "CPU core".to_owned(),
        "gpu_core" => "GPU core".to_owned(),
        other => spoken(other),
    });
    let amount = text(price, "rate").map(|rate| match measure {
        Some(measure) => format!("{rate} per {measure}"),
        None => rate,
    });
    let kind = kind.map(|kind| titled(&kind));
    match text(price, "name") {
        Some(name) => Row { name, value: amount, details: kind.into_iter().collect(), ..Row::default() },
        None => Row { name: kind.unwrap_or_default(), value: amount, ..Row::default() },
    }
}

/// The remark is what people understand, the control what they look up.
fn measure(measure: &Value) -> Row {
    let (remark, control) = (text(measure, "remark"), text(measure, "control"));
    let details = control.clone().filter(|_| remark.is_some());
    let name = remark.or(control).unwrap_or_default();
    Row { name, details: details.into_iter().collect(), url: url(measure, "control"), ..Row::default() }
}

fn service(service: &Value) -> Row {
    let address = service["url"].as_str().unwrap_or_default();
    let address = address.strip_prefix("mailto:").or(address.strip_prefix("tel:")).unwrap_or(address);
    let address = Some(clean(address)).filter(|address| !address.is_empty());
    Row {
        name: titled(&text(service, "service").unwrap_or_else(|| "Contact".to_owned())),
        details: address.into_iter().chain(text(service, "terms")).collect(),
        url: url(service, "url"),
        ..Row::default()
    }
}
