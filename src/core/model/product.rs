//! Products: what the marketplace is about.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Badge, Build, Logo, ProductLicense, Screenshot, SubProduct, User};
use crate::core::access::{Caller, Verb, push_scope};
use crate::core::clock::Timestamp;
use crate::core::db::{Db, FromRow, Statement, Tx};
use crate::core::event::{EventType, NewEvent};
use crate::core::field::{Described, Field, Line, Link, Locale, MimeType, Name, Prose, Shape};
use crate::core::files::{FileKind, Stored};
use crate::core::id::Id;
use crate::core::resource::{self, Given, Input, Located, Reference, Resource, Table};
use crate::core::{Error, Result};
use crate::resource;

resource! {
    /// Something that is offered: an application, a service, a piece of knowledge.
    pub struct Product {
        /// Its name, unique.
        name: Name,
        /// What it is and does.
        description: Option<Prose>,
        /// The user whom it belongs to; at creation the caller unless said otherwise.
        user_id: Id<User>,
        /// What identifies it elsewhere.
        uri: Option<Line>,
        /// Where to turn to for help.
        support_url: Option<Link>,
        /// Its id in another system.
        external_id: Option<Line>,
        /// The language that it speaks.
        locale: Option<Locale>,
        /// What kind of thing it is.
        mime_type: Option<MimeType>,
        /// When it was or will be published; set by publishing it.
        [server] published_at: Option<Timestamp>,
        /// From when on it is shown.
        visible_at: Option<Timestamp>,
    }
    embeds {
        /// The licences that it is offered under.
        product_licenses: Vec<Located<ProductLicense>>,
        /// Pictures of it.
        screenshots: Vec<Located<Screenshot>>,
        /// Marks of distinction that it carries.
        badges: Vec<Located<Badge>>,
        /// Its newest published build that was not yanked.
        latest_build: Option<LatestBuild>,
    }
}

/// What a product's answer tells of its newest build.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, FromRow)]
pub struct LatestBuild {
    /// Its id.
    pub id: Id<Build>,
    /// Its version.
    pub version: String,
    /// The repository of its image.
    pub container_repository: Option<String>,
    /// The tag of its image.
    pub container_tag: Option<String>,
    /// The digest of its image.
    pub container_digest: Option<String>,
    /// When it was published.
    pub published_at: Option<Timestamp>,
}

impl Described for LatestBuild {
    fn schema() -> Value {
        let text = || Option::<String>::schema();
        json!({
            "type": "object",
            "required": ["id", "version", "container_repository", "container_tag", "container_digest", "published_at"],
            "properties": {
                "id": Shape::Id.schema(),
                "version": String::schema(),
                "container_repository": text(),
                "container_tag": text(),
                "container_digest": text(),
                "published_at": <Option<Timestamp> as Field>::schema(),
            },
        })
    }
}

impl Resource for Product {
    const TABLE: Table = Table {
        name: "product",
        plural: "products",
        path: "/products",
        owner: Some("user_id"),
        published: &["published_at", "visible_at"],
        sort: "name",
        search: &["name", "description"],
        ..Table::PLAIN
    };
    const REFERENCES: &'static [Reference] = &[Reference { column: "user_id", table: &User::TABLE }];
    const FILTERS: &'static [(&'static str, Shape, &'static str)] = &[
        ("published", Shape::Boolean, "Only those that are published, or with false only the others."),
        ("badge_id", Shape::Id, "Only those with this badge. Commas separate alternatives."),
        (
            "domain",
            Shape::Text { max: 255, format: "" },
            "Only those of this medical domain. Commas separate alternatives.",
        ),
        ("license_id", Shape::Id, "Only those offered under this licence. Commas separate alternatives."),
        ("product_license_id", Shape::Id, "Only the one of this offer. Commas separate alternatives."),
        ("child_of", Shape::Id, "Only those directly under one of these products. Commas separate alternatives."),
        ("parent_of", Shape::Id, "Only those directly above one of these products. Commas separate alternatives."),
    ];
    const UNIQUE: &'static [&'static [&'static str]] = &[&["name"]];
    const FILES: &'static [(&'static str, FileKind)] = &[("logo", FileKind::Image)];
    const ENTITLEMENTS: Option<&'static str> =
        Some("product_license_id in (select id from product_licenses where product_id = $1)");

    const FACETS: &'static [&'static str] = &["mime_type", "locale"];

    fn prepare(caller: &Caller, input: &mut Input) {
        if let Some(user) = caller.user_id() {
            input.set_default("user_id", user.to_string());
        }
    }

    fn filter(name: &str, value: &str, caller: &Caller, statement: &mut Statement) -> Result<()> {
        let parameter = |must: String| Error::bad_request(format!("The parameter {name} {must}."));
        if name == "published" {
            let published = bool::parse(&value.into()).map_err(parameter)?;
            statement.push(if published { "" } else { "not " });
            statement.push("coalesce(products.published_at <= ").push_arg(caller.now).push(", false)");
            return Ok(());
        }
        let alternatives = resource::filter::alternatives(name, value)?;
        if name == "domain" {
            statement.push("products.id in (select product_id from product_domains where name in (");
            statement.push_args(alternatives).push("))");
            return Ok(());
        }
        let ids: Result<Vec<Uuid>, _> = alternatives.into_iter().map(str::parse).collect();
        let ids = ids.map_err(|_| parameter("must be a UUID".into()))?;
        if name == "badge_id" {
            statement.push("products.id in (select product_id from product_badges where badge_id in (");
            statement.push_args(ids).push("))");
            return Ok(());
        }
        let (table, own, other) = match name {
            "child_of" => (&SubProduct::TABLE, "child_id", "parent_id"),
            "parent_of" => (&SubProduct::TABLE, "parent_id", "child_id"),
            "product_license_id" => (&ProductLicense::TABLE, "product_id", "id"),
            _ => (&ProductLicense::TABLE, "product_id", "license_id"),
        };
        statement.push(&format!("products.id in (select {own} from {} where {other} in (", table.plural));
        statement.push_args(ids).push(") and ");
        push_scope(table, caller, Verb::Read, statement);
        statement.push(")");
        Ok(())
    }

    async fn attach_beside(tx: &Tx, caller: &Caller, row: &Self, _: &str, file: Stored) -> Result<()> {
        let given = Given { files: vec![("image".into(), file)], ..Given::default() };
        resource::insert::<Logo>(tx, caller, &[row.id.uuid()], given).await.map(drop)
    }

    /// With a product, its places in families go.
    async fn settle(tx: &Tx, _: &Caller, _: Option<&Self>, new: Option<&Self>) -> Result<()> {
        if new.is_none() {
            tx.changes_families();
        }
        Ok(())
    }

    async fn events(_: &Tx, caller: &Caller, old: Option<&Self>, new: Option<&Self>) -> Result<Vec<NewEvent>> {
        let was_published = old.is_some_and(|product| product.published_at.is_some());
        let is_published = new.is_some_and(|product| product.published_at.is_some());
        let was_public = old.is_some_and(|product| product.is_public(caller.now));
        let is_public = new.is_some_and(|product| product.is_public(caller.now));
        // Of what nobody could see, nobody is told that it is gone.
        let event = |kind, product, message: String| Ok(vec![NewEvent::of_product(kind, product, was_public, message)]);
        match (old, new) {
            (_, Some(new)) if !was_public && is_public || !was_published && is_published => {
                event(EventType::Published, new, format!("The product {} was published.", new.name))
            }
            (_, Some(new)) if was_public && !is_public || was_published && !is_published => {
                event(EventType::Unpublished, new, "A product was withdrawn.".into())
            }
            (Some(old), Some(new)) if old != new => {
                event(EventType::Updated, new, format!("The product {} was changed.", new.name))
            }
            (Some(old), None) if was_published => event(EventType::Deleted, old, "A product was deleted.".into()),
            _ => Ok(Vec::new()),
        }
    }

    async fn embed(db: &Db, caller: &Caller, page: &mut [Located<Self>]) -> Result<()> {
        if page.is_empty() {
            return Ok(());
        }
        let ids: Vec<Id<Product>> = page.iter().map(|located| located.record.id).collect();
        let mut licenses = licenses_of(db, caller, &ids).await?;
        let mut screenshots = screenshots_of(db, caller, &ids).await?;
        let mut badges = badges_of(db, caller, &ids).await?;
        let mut builds = latest_builds_of(db, caller, &ids).await?;
        for Located { record: product, .. } in page {
            product.product_licenses = licenses.remove(&product.id).unwrap_or_default();
            product.screenshots = screenshots.remove(&product.id).unwrap_or_default();
            product.badges = badges.remove(&product.id).unwrap_or_default();
            product.latest_build = builds.remove(&product.id);
        }
        Ok(())
    }
}

impl Product {
    /// Publishes a product: from now on everybody sees it, unless it is to become visible later.
    ///
    /// # Errors
    /// When it is not to be seen, or the caller may not publish.
    pub async fn publish(db: &Db, caller: &Caller, id: Uuid) -> Result<Located<Self>> {
        resource::transition(db, caller, &[], id, Verb::Publish, None, |product: &mut Self| {
            product.mark_published(caller.now)
        })
        .await
    }

    /// Tells of the products that have become visible by the passing of time. Of several servers, one tells.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn announce_visible(db: &Db, now: Timestamp) -> Result<()> {
        const TOLD: &str = "select value from settings where name = 'visible_told'";
        // Those that were visible when they were published have been told of.
        let arrived = "visible_at > $1 and visible_at <= $2 and published_at <= $2 and visible_at > published_at";
        let told = |row: Option<(String,)>| row.and_then(|(value,)| value.parse::<Timestamp>().ok());
        if let Some(until) = told(db.optional(Statement::new(TOLD)).await?) {
            let select =
                Statement::new(format!("select 1 from products where {arrived} limit 1")).bind(until).bind(now);
            if !db.exists(select).await? {
                return Ok(());
            }
        }
        let tx = db.begin().await?;
        tx.execute(crate::sql!(
            "insert into settings (name, value) values ('visible_told', $1) on conflict (name) do nothing",
            now.to_string()
        ))
        .await?;
        let select = Statement::new(format!("{TOLD}{}", tx.dialect().for_update()));
        let until = told(tx.optional(select).await?).unwrap_or(now);
        let select = Statement::new(format!("select * from products where {arrived} order by visible_at, id"));
        let mut products: Vec<Self> = tx.all(select.bind(until).bind(now)).await?;
        // Whoever made them visible at once has told of that.
        let told: Vec<(Uuid, Timestamp)> = tx
            .all(crate::sql!(
                "select resource_id, occurred_at from events where occurred_at >= $1 and resource_type = 'product' \
                 and event_type = 'published' order by position",
                until
            ))
            .await?;
        let told: HashMap<Uuid, Timestamp> = told.into_iter().collect();
        products.retain(|product| told.get(&product.id.uuid()).copied() < product.visible_at);
        let published = |product: &Self| {
            NewEvent::of_product(
                EventType::Published,
                product,
                true,
                format!("The product {} was published.", product.name),
            )
        };
        tx.announce(products.iter().map(published).collect());
        tx.execute(crate::sql!(
            "update settings set value = $1 where name = 'visible_told'",
            until.max(now).to_string()
        ))
        .await?;
        tx.commit().await
    }

    /// Withdraws a product from the public.
    ///
    /// # Errors
    /// When it is not to be seen, or the caller may not publish.
    pub async fn unpublish(db: &Db, caller: &Caller, id: Uuid) -> Result<Located<Self>> {
        resource::transition(db, caller, &[], id, Verb::Publish, None, |product: &mut Self| product.published_at = None)
            .await
    }

    /// Gives a product a badge. That takes a permission on badges: nobody awards them to what is their own.
    ///
    /// # Errors
    /// When either is not to be seen, or the caller may not change badges.
    pub async fn award(db: &Db, caller: &Caller, id: Uuid, badge: Uuid) -> Result<Located<Self>> {
        let change = "insert into product_badges (product_id, badge_id) values ($1, $2) on conflict do nothing";
        Self::change_badges(db, caller, id, badge, change).await
    }

    /// Takes a badge from a product.
    ///
    /// # Errors
    /// As [`award`](Self::award).
    pub async fn withdraw(db: &Db, caller: &Caller, id: Uuid, badge: Uuid) -> Result<Located<Self>> {
        Self::change_badges(db, caller, id, badge, "delete from product_badges where product_id = $1 and badge_id = $2")
            .await
    }

    async fn change_badges(
        db: &Db,
        caller: &Caller,
        id: Uuid,
        badge: Uuid,
        change: &'static str,
    ) -> Result<Located<Self>> {
        caller.require_signed_in()?;
        let tx = db.begin().await?;
        resource::load::<Self>(&tx, caller, &[], id).await?;
        resource::require::<Badge>(&tx, caller, &[], badge, Verb::Update, None).await?;
        tx.execute(Statement::new(change).bind(id).bind(badge)).await?;
        let product = resource::find::<Self>(&tx, caller, &[], id).await?;
        tx.commit().await?;
        Ok(product)
    }

    /// Whether everybody may see it at this instant.
    pub fn is_public(&self, now: Timestamp) -> bool {
        let passed = |instant: Option<Timestamp>| instant.is_some_and(|instant| instant <= now);
        passed(self.published_at) && passed(self.visible_at)
    }

    /// Sets the instants that make it public, where they are not set.
    pub fn mark_published(&mut self, now: Timestamp) {
        self.published_at.get_or_insert(now);
        self.visible_at.get_or_insert(now);
    }
}

type ByProduct<T> = HashMap<Id<Product>, T>;

async fn licenses_of(db: &Db, caller: &Caller, ids: &[Id<Product>]) -> Result<ByProduct<Vec<Located<ProductLicense>>>> {
    Ok(by_product(parts_of(db, caller, ids).await?, caller, |row: &ProductLicense| row.product_id))
}

async fn screenshots_of(db: &Db, caller: &Caller, ids: &[Id<Product>]) -> Result<ByProduct<Vec<Located<Screenshot>>>> {
    Ok(by_product(parts_of(db, caller, ids).await?, caller, |row: &Screenshot| row.product_id))
}

/// What is nested in products, as far as the caller may read it.
async fn parts_of<R: Resource>(db: &Db, caller: &Caller, ids: &[Id<Product>]) -> Result<Vec<R>> {
    let mut select = Statement::new(format!("select * from {} where product_id in (", R::TABLE.plural));
    select.push_args(ids.iter().copied()).push(") and ");
    push_scope(&R::TABLE, caller, Verb::Read, &mut select);
    select.push(" order by created_at, id");
    db.all(select).await
}

/// Records nested in products, by product.
fn by_product<R: Resource>(
    rows: Vec<R>,
    caller: &Caller,
    product: fn(&R) -> Id<Product>,
) -> ByProduct<Vec<Located<R>>> {
    rows.into_iter().fold(HashMap::new(), |mut all, row| {
        let product = product(&row);
        all.entry(product).or_insert_with(Vec::new).push(Located::new(row, caller, &[product.uuid()]));
        all
    })
}

async fn badges_of(db: &Db, caller: &Caller, ids: &[Id<Product>]) -> Result<ByProduct<Vec<Located<Badge>>>> {
    #[derive(FromRow)]
    struct Worn {
        product_id: Id<Product>,
        #[sqlx(flatten)]
        badge: Badge,
    }
    let mut select = Statement::new(
        "select product_badges.product_id, badges.* from badges join product_badges on product_badges.badge_id = badges.id \
         where product_badges.product_id in (",
    );
    select.push_args(ids.iter().copied()).push(") order by badges.name");
    let rows: Vec<Worn> = db.all(select).await?;
    Ok(rows.into_iter().fold(HashMap::new(), |mut all, Worn { product_id, badge }| {
        all.entry(product_id).or_insert_with(Vec::new).push(Located::new(badge, caller, &[]));
        all
    }))
}

async fn latest_builds_of(db: &Db, caller: &Caller, ids: &[Id<Product>]) -> Result<ByProduct<LatestBuild>> {
    #[derive(FromRow)]
    struct Newest {
        product_id: Id<Product>,
        #[sqlx(flatten)]
        build: LatestBuild,
    }
    let mut select = Statement::new(
        "select product_id, id, version, container_repository, container_tag, container_digest, published_at from \
         (select builds.*, row_number() over (partition by product_id order by ordinal desc, created_at desc, id desc) as place \
         from builds where yanked_at is null and published_at <= ",
    );
    select.push_arg(caller.now).push(" and product_id in (").push_args(ids.iter().copied()).push(") and ");
    push_scope(&Build::TABLE, caller, Verb::Read, &mut select);
    select.push(") as newest where place = 1");
    let rows: Vec<Newest> = db.all(select).await?;
    Ok(rows.into_iter().map(|Newest { product_id, build }| (product_id, build)).collect())
}
