//! `mkt NOUN list|show|create|update|delete`: every resource from the shell, by the declarations of `core/model`.

mod command;
mod deployment;
mod fields;
mod find;
mod noun;
mod own;
mod platform;
mod print;
mod token;

use serde_json::{Value, json};
use uuid::Uuid;

pub use command::{Args, is_noun};
pub use deployment::{Bindings, proposal};
pub use find::{id, name_others};
pub use noun::Noun;
pub use print::page as print_page;

use self::command::{Action, List};
use super::ask;
use super::error::{Code, Failed};
use super::global::{Global, Output};
use super::output::{Printer, cell};
use crate::client::{Cause, Client, Collection};

pub async fn run(args: Args, global: &Global, printer: &Printer) -> Result<(), Failed> {
    let Args { noun, ancestors, action } = args;
    let client = global.client()?;
    let path = find::path(&client, noun, &ancestors).await?;
    let records = client.collection_at::<Value>(path.clone());
    let id = async |item: &str| find::id(&client, noun, &path, item).await;
    let answer = match action {
        Action::List(list) => return listed(&client, noun, &records, list, printer).await,
        Action::Show(item) => records.find(id(&item).await?).await?,
        Action::Create(body) => {
            let (mut fields, files) = fields::of_body(&client, noun, &body, true).await?;
            if noun.is_token() {
                token::complete(&mut fields);
            }
            match files.as_slice() {
                [] => records.create(&fields).await?,
                files => records.create_with_files(&fields, files).await?,
            }
        }
        Action::Update(item, body) => {
            let id = id(&item).await?;
            let (fields, files) = fields::of_body(&client, noun, &body, false).await?;
            match files.as_slice() {
                [] => records.update(id, &fields).await?,
                files => records.update_with_files(id, &fields, files).await?,
            }
        }
        Action::Delete(item, delete) => {
            if !global.yes && !delete.agreed {
                may_delete(global, noun, &item, &client).await?;
            }
            return deleted(noun, &records, id(&item).await?, delete.force, printer).await;
        }
        Action::Own(own) => return own::run(own, &client, printer).await,
        Action::Deploy(deployment) => return deployment.run(&client, &path, printer).await,
        Action::RotateKey(rotate) => platform::give_key(&records, id(&rotate.item).await?, rotate, printer).await?,
        Action::CreatePlatform(new, mut body) => {
            let key = new.add_to(&mut body)?;
            let made = async {
                let (fields, _) = fields::of_body(&client, noun, &body, true).await?;
                Ok::<_, Failed>(records.create(&fields).await?)
            };
            match (made.await, key) {
                (Ok(made), None) => made,
                (Ok(made), Some(key)) => {
                    key.settle(printer)?;
                    made
                }
                (Err(failed), key) => {
                    key.iter().for_each(platform::NewKey::forget);
                    return Err(failed);
                }
            }
        }
        Action::Do(deed, item, None) => records.act(id(&item).await?, deed.verb).await?,
        Action::Do(deed, item, Some(reason)) => {
            records.act_with(id(&item).await?, deed.verb, &json!({ "reason": reason })).await?
        }
    };
    print::record(noun, &answer, printer)
}

async fn listed(
    client: &Client,
    noun: &Noun,
    records: &Collection<'_, Value>,
    list: List,
    printer: &Printer,
) -> Result<(), Failed> {
    if list.text.is_some() && noun.table.search.is_empty() {
        let message = format!("The texts of {} can't be searched.", noun.plural());
        return Err(Failed::with_code(Code::Usage, message).hint("Filter by a field, with: --where FIELD=VALUE"));
    }
    let filters = fields::of_filters(client, noun, &list.filters).await?;
    let mut parameters: Vec<(&str, String)> =
        filters.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    parameters.extend(list.sort.map(|field| ("sort", field)));
    parameters.extend(list.descending.then(|| ("order", "descending".to_owned())));
    parameters.extend(list.text.map(|text| ("text", text)));
    let mut page = if list.all {
        records.list_all(&parameters).await?
    } else {
        parameters.extend([("page", list.page.to_string()), ("per_page", list.per_page.to_string())]);
        records.list(&parameters).await?
    };
    if printer.output == Output::Table {
        find::name_others(client, noun, &mut page.results).await;
    }
    print::page(noun, &page, printer)
}

/// Nothing, if whoever runs the command agrees.
async fn may_delete(global: &Global, noun: &Noun, item: &str, client: &Client) -> Result<(), Failed> {
    let kind = noun.kind();
    if !ask::possible(global) {
        let message = format!("Deleting the {kind} {item:?} needs a yes, and there is no terminal to ask for it.");
        return Err(Failed::with_code(Code::Usage, message).hint("Add --yes to delete it without being asked."));
    }
    let prompt = format!("Delete the {kind} {item:?} of {} with all that it is composed of?", client.server());
    if ask::confirmed(prompt, false).await? {
        Ok(())
    } else {
        Err(Failed::with_code(Code::Interrupted, "Nothing was deleted."))
    }
}

async fn deleted(
    noun: &Noun,
    records: &Collection<'_, Value>,
    id: Uuid,
    force: bool,
    printer: &Printer,
) -> Result<(), Failed> {
    let answer = records.delete(id, force).await.map_err(|failure| {
        let rights = failure.cause == Cause::Conflict && !failure.problem["details"]["entitlements"].is_null();
        let failed = Failed::from(failure);
        if rights && !force { failed.hint("Delete it nevertheless with: --force") } else { failed }
    })?;
    if printer.output != Output::Table {
        return print::record(noun, &answer, printer);
    }
    let name = noun.name_field().map_or_else(|| id.to_string(), |field| cell(&answer[field]));
    printer.note(&format!("Deleted the {} {name}.", noun.kind()));
    Ok(())
}
