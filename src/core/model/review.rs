//! Reviews: what was decided of a build, by whom and why. The marketplace writes them; they are never changed.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Build, Product, User};
use crate::core::access::{Caller, Verb, push_scope};
use crate::core::clock::Timestamp;
use crate::core::db::{Db, FromRow, Statement};
use crate::core::field::choice::choice;
use crate::core::field::{Described, Field, Remark, Shape, nullable_schema};
use crate::core::id::Id;
use crate::core::resource::{Located, Parent, Resource, Table};
use crate::core::{Error, Result};
use crate::resource;

choice! {
    /// What became of a build.
    Verdict {
        /// It was handed in for review.
        Submitted = "submitted",
        /// The operator's check let it pass.
        Checked = "checked",
        /// Somebody vouched for it.
        Validated = "validated",
        /// It was turned down, by somebody or by the operator's check.
        Rejected = "rejected",
        /// It was published.
        Published = "published",
        /// It was withdrawn.
        Yanked = "yanked",
    }
}

resource! {
    /// A step in the review of a build: who decided what of it, and why.
    pub struct Review {
        /// The build.
        [server] build_id: Id<Build>,
        /// The user who decided it; none where the operator's check did, or the user is gone.
        [server] user_id: Option<Id<User>>,
        /// What was decided.
        [server] verdict: Verdict,
        /// Why.
        [server] remark: Option<Remark>,
    }
    embeds {
        /// What the build is.
        build: Option<ReviewedBuild>,
    }
}

impl Resource for Review {
    const TABLE: Table = Table {
        name: "review",
        plural: "reviews",
        path: "/reviews",
        parent: Some(Parent { table: &Build::TABLE, column: "build_id" }),
        ..Table::PLAIN
    };
    const FILTERS: &'static [(&'static str, Shape, &'static str)] =
        &[("waiting", Shape::Boolean, "Only submissions that wait for a decision, or with false only the others.")];

    fn filter(name: &str, value: &str, _: &Caller, statement: &mut Statement) -> Result<()> {
        let waiting =
            bool::parse(&value.into()).map_err(|must| Error::bad_request(format!("The parameter {name} {must}.")))?;
        statement.push(if waiting { "" } else { "not " }).push(
            "(reviews.verdict = 'submitted' and (reviews.build_id, reviews.created_at) in \
             (select id, submitted_at from builds where submitted_at is not null and published_at is null))",
        );
        Ok(())
    }

    async fn embed(db: &Db, caller: &Caller, page: &mut [Located<Self>]) -> Result<()> {
        let ids = page.iter().map(|located| located.record.build_id);
        let builds = ReviewedBuild::of(db, caller, ids.collect()).await?;
        for Located { record: review, .. } in page {
            review.build = builds.get(&review.build_id).cloned();
        }
        Ok(())
    }
}

/// The build that a review is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, FromRow)]
pub struct ReviewedBuild {
    /// Its id.
    pub id: Id<Build>,
    /// Its version.
    pub version: String,
    /// The product that it is a version of.
    pub product_id: Id<Product>,
    /// The product's name, for those who may read the product.
    pub product_name: Option<String>,
    /// When the operator's check let it pass.
    pub checked_at: Option<Timestamp>,
    /// When somebody vouched for it.
    pub validated_at: Option<Timestamp>,
}

impl ReviewedBuild {
    async fn of(db: &Db, caller: &Caller, ids: Vec<Id<Build>>) -> Result<HashMap<Id<Build>, Self>> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let mut select = Statement::new(
            "select builds.id, builds.version, builds.product_id, builds.checked_at, builds.validated_at, case when ",
        );
        push_scope(&Product::TABLE, caller, Verb::Read, &mut select);
        select
            .push(
                " then products.name end as product_name from builds join products on products.id = builds.product_id",
            )
            .push(" where builds.id in (")
            .push_args(ids)
            .push(")");
        let builds: Vec<Self> = db.all(select).await?;
        Ok(builds.into_iter().map(|build| (build.id, build)).collect())
    }
}

impl Described for ReviewedBuild {
    fn schema() -> Value {
        let (id, text, time) = (Shape::Id.schema(), String::schema(), nullable_schema(Shape::Time.schema()));
        json!({
            "type": "object",
            "required": ["id", "version", "product_id", "product_name", "checked_at", "validated_at"],
            "properties": {
                "id": id, "version": text, "product_id": id, "product_name": nullable_schema(text),
                "checked_at": time, "validated_at": time,
            },
        })
    }
}
