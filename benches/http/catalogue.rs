//! A catalogue as large as a national one: words as frequent as in a language, several languages, many owners.

use mkt::core::access::Caller;
use mkt::core::db::{Db, Tx};
use mkt::core::model::{Build, License, Product, ProductLicense, User};
use mkt::core::resource::{self, Query, Resource};
use mkt::core::seed;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// How many products go into one transaction.
const BATCH: usize = 1000;
const OWNERS: usize = 200;

const COMMON: &str = "health patient care data clinical system hospital record service management medical monitoring \
    support decision imaging secure mobile risk report registry Gesundheit Patienten Daten Pflege Klinik Bericht \
    Übersicht Ärzte santé données hôpital soins médecin suivi système salud datos cuidado clínica médico здоровье \
    пациент данные больница врач 健康 患者 医院 数据";
const STEMS: &str = "cardio neuro dermato gastro haemato hepato immuno laryngo nephro onco ophthalmo ortho osteo patho \
    paedi pharmaco physio pneumo procto psycho pulmo radio rheuma sono thoraco thrombo toxico trauma uro vaccino vaso \
    viro angio arthro audio broncho chemo cyto endo entero geno glyco gynaeco histo lipo";
const ENDINGS: &str = "logy gram graph scope metry pathy therapy genesis lysis plasty tomy kinetics statistik analyse \
    viewer planner tracker coach bridge assistant gateway index score trial atlas diary chart panel";
const MEDIA: [&str; 8] = [
    "application/smart.v1",
    "application/vnd.oci.image.v1",
    "application/cds-hooks+json",
    "application/fhir+json",
    "application/elm+json",
    "text/cql",
    "text/html",
    "application/pdf",
];
const LOCALES: [&str; 6] = ["en", "de", "fr", "es", "ru", "zh"];

/// Words and numbers that are the same at every run.
pub struct Words {
    state: u64,
    vocabulary: Vec<String>,
}

impl Words {
    pub fn new(seed: u64) -> Self {
        let rare =
            STEMS.split_whitespace().flat_map(|stem| ENDINGS.split_whitespace().map(move |end| format!("{stem}{end}")));
        let numbered = (0..8_000).map(|number| format!("code{number:04}"));
        let vocabulary = COMMON.split_whitespace().map(str::to_owned).chain(rare).chain(numbered).collect();
        Self { state: seed, vocabulary }
    }

    /// A number below another (SplitMix64).
    pub fn below(&mut self, bound: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }

    /// Words, the n-th of the vocabulary as often as 1/n.
    fn text(&mut self, count: usize) -> String {
        let words: Vec<_> = (0..count)
            .map(|_| {
                let part = self.below(1 << 24) as f64 / f64::from(1 << 24);
                let rank = (self.vocabulary.len() as f64).powf(part) - 1.0;
                self.vocabulary[rank as usize].clone()
            })
            .collect();
        words.join(" ")
    }

    /// The fields of a new product.
    pub fn product(&mut self, number: usize) -> Value {
        let (name, description) = (2 + self.below(3), 15 + self.below(60));
        json!({
            "name": format!("{} {number}", self.text(name)), "description": self.text(description),
            "mime_type": MEDIA[self.below(MEDIA.len()).min(self.below(MEDIA.len()))],
            "locale": LOCALES[self.below(LOCALES.len()).min(self.below(LOCALES.len()))],
            "support_url": format!("https://example.org/support/{number}"), "external_id": format!("EXT-{number}"),
        })
    }
}

/// Fills a database with so many products, four in five published, a third with an offer, a tenth with a build. Answers
/// the ids of those published.
pub async fn fill(db: &Db, products: usize) -> Vec<Uuid> {
    db.migrate().await.unwrap();
    seed::run(db).await.unwrap();
    let admin = Caller::administrator("".into());
    let licenses =
        resource::list::<License>(db, &admin, &[], &Query::parse::<License>(&admin, &[]).unwrap()).await.unwrap();
    let licenses: Vec<Uuid> = licenses.results.iter().map(|license| license.record.id.uuid()).collect();
    let mut words = Words::new(7);
    let tx = db.begin().await.unwrap();
    let mut owners = Vec::new();
    for number in 0..OWNERS {
        owners.push(insert::<User>(&tx, &admin, &[], json!({ "name": format!("Owner {number}") })).await.id.uuid());
    }
    tx.commit().await.unwrap();

    let mut published = Vec::new();
    for batch in 0..products.div_ceil(BATCH) {
        let tx = db.begin().await.unwrap();
        for number in batch * BATCH..products.min((batch + 1) * BATCH) {
            let mut body = words.product(number);
            body["user_id"] = json!(owners[words.below(OWNERS)]);
            let product = insert::<Product>(&tx, &admin, &[], body).await;
            let id = product.id.uuid();
            if words.below(3) == 0 {
                let license = licenses[words.below(licenses.len())];
                insert::<ProductLicense>(&tx, &admin, &[id], json!({ "license_id": license })).await;
            }
            if words.below(10) == 0 {
                let build = json!({ "version": "1.0.0", "container_repository": "registry.example.org/app", "container_tag": "1.0.0" });
                let build = insert::<Build>(&tx, &admin, &[id], build).await;
                let mut shown = build.clone();
                shown.mark_published(admin.now);
                resource::replace(&tx, &admin, &build, shown).await.unwrap();
            }
            if words.below(5) > 0 {
                let mut shown = product.clone();
                shown.mark_published(admin.now);
                resource::replace(&tx, &admin, &product, shown).await.unwrap();
                published.push(id);
            }
        }
        tx.commit().await.unwrap();
    }
    published
}

async fn insert<R: Resource>(tx: &Tx, caller: &Caller, ancestors: &[Uuid], body: Value) -> R {
    let fields: Map<String, Value> = body.as_object().unwrap().clone();
    resource::insert::<R>(tx, caller, ancestors, fields).await.unwrap()
}
