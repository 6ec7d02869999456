-- Review: what becomes of a build before it is published, and who decided that.

alter table builds add column submitted_at timestamptz;
alter table builds add column checked_at timestamptz;
alter table builds add column rejected_at timestamptz;
alter table builds add column rejection text;
alter table builds add column yank_reason text;
create index builds_waiting on builds (id, submitted_at) where submitted_at is not null and published_at is null;

create table reviews (
    id uuid not null primary key,
    build_id uuid not null references builds (id) on delete cascade,
    user_id uuid references users (id) on delete set null,
    verdict text not null,
    remark text,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index reviews_build_id on reviews (build_id, created_at, id);
create index reviews_created_at on reviews (created_at, id);
create index reviews_user_id on reviews (user_id);

-- Submissions that the operator's check has to look at. One of the servers does, and takes it until `due_at`.
create table build_checks (
    build_id uuid not null primary key references builds (id) on delete cascade,
    submitted_at timestamptz not null,
    publisher_id uuid references users (id) on delete set null,
    tries bigint not null,
    due_at timestamptz not null
);
create index build_checks_due_at on build_checks (due_at);
create index build_checks_publisher_id on build_checks (publisher_id);
