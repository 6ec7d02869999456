-- Full text: the column search has the words, cut and folded by the program, each between spaces. Rows from before have
-- them without the mark of their place: 1 for those of the first text, and 0 for all.

update products set search =
    replace(substr(search, 1, instr(search, char(10)) - 1), ' ', ' 1')
    || replace(replace(search, char(10), ''), ' ', ' 0') || ' ';
update users set search =
    replace(substr(search, 1, instr(search, char(10)) - 1), ' ', ' 1')
    || replace(replace(search, char(10), ''), ' ', ' 0') || ' ';

-- The number ties a row to its words: FTS5 knows rows by number only, and those that SQLite gives may change (VACUUM).
-- To the tokenizer ascii all that is no ASCII counts as letters, so words stay as the program has cut them.
alter table products add column number integer;
update products set number = rowid;
create index products_number on products (number, published_at, visible_at, user_id);
create virtual table products_search using fts5 (
    search, content = '', contentless_delete = 1, detail = 'none', tokenize = 'ascii', prefix = '2 3 4'
);
insert into products_search (rowid, search) select number, search from products;

create trigger products_search_insert after insert on products begin
    update products set number = (select coalesce(max(number), 0) + 1 from products) where id = new.id;
    insert into products_search (rowid, search) select number, search from products where id = new.id;
end;
create trigger products_search_update after update of search on products when new.search <> old.search begin
    insert or replace into products_search (rowid, search) values (new.number, new.search);
end;
create trigger products_search_delete after delete on products begin
    delete from products_search where rowid = old.number;
end;

alter table users add column number integer;
update users set number = rowid;
create index users_number on users (number);
create virtual table users_search using fts5 (
    search, content = '', contentless_delete = 1, detail = 'none', tokenize = 'ascii', prefix = '2 3 4'
);
insert into users_search (rowid, search) select number, search from users;

create trigger users_search_insert after insert on users begin
    update users set number = (select coalesce(max(number), 0) + 1 from users) where id = new.id;
    insert into users_search (rowid, search) select number, search from users where id = new.id;
end;
create trigger users_search_update after update of search on users when new.search <> old.search begin
    insert or replace into users_search (rowid, search) values (new.number, new.search);
end;
create trigger users_search_delete after delete on users begin
    delete from users_search where rowid = old.number;
end;

create index users_by_name on users (lower(name), id);

-- With what decides who sees a row, so that a late page is found without a look at the rows before it.
drop index products_by_name;
create index products_by_name on products (lower(name), id, published_at, visible_at, user_id);
