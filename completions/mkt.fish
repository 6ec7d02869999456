# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_mkt_global_optspecs
    string join \n server= profile= token-file= output= json q/quiet verbose no-input y/yes color= h/help V/version
end

function __fish_mkt_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_mkt_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_mkt_using_subcommand
    set -l cmd (__fish_mkt_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c mkt -n "__fish_mkt_needs_command" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_needs_command" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_needs_command" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_needs_command" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_needs_command" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_needs_command" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_needs_command" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_needs_command" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_needs_command" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_needs_command" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_needs_command" -s V -l version -d 'Print version'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "serve" -d 'Serve the marketplace: API, WebSocket and web interface. Creates and migrates its database by itself'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "ui" -d 'Serve the web interface alone, for a marketplace that is elsewhere. The marketplace must know of it by --ui-url'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "agent" -d 'Keep a platform: run what its marketplace wants to run there, and tell how far it is'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "migrate" -d 'Bring the database\'s schema up to date, or tell where it stands'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "init" -d 'Make a marketplace.json for a product, by questions or by flags'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "validate" -d 'Check packages without a marketplace: each marketplace.json, and the files beside it that it names'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "certify" -d 'Try a product before it is published: start it in containers, and see which packaging rules it keeps'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "publish" -d 'Publish packages: validate each marketplace.json, compare it with the marketplace, and apply the difference'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "import" -d 'Import artifacts as products, each with its file as the asset of a build'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "keygen" -d 'Make a key to sign packages with'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "verify" -d 'Check a build against its publisher\'s signature'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "review" -d 'Review builds before they are published'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "watch" -d 'Follow what happens, in the catalogue unless told otherwise: a line each, or NDJSON with --json'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "plan" -d 'Show what is to run on a platform, who gives whom what, and what is in the way; with a product, what would be if it were deployed'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "search" -d 'Search the catalogue'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "label" -d 'Show the label of a build: what it is, who stands behind it, and what it needs to run'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "authorize" -d 'Ask whether a product may be used, and have the use counted'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "verify-receipt" -d 'Check that a receipt is the marketplace\'s, and that it still holds'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "status" -d 'Tell whether the marketplace is well, and who you are there'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "audit" -d 'Tell who changed what, the latest first. Takes the permission audit.read'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "signing-key" -d 'Keys that the marketplace signs sessions with: see them, have another take over, or end what one has signed'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "login" -d 'Sign in through the browser, and keep the token for the commands that follow'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "logout" -d 'Sign out: end the token in use, and forget it'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "whoami" -d 'Tell who you are, by which token, and what you may do'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "profile" -d 'Keep several marketplaces as named profiles, each with a server and a token of its own'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "completions" -d 'Print a shell\'s completions'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "man" -d 'Print the manual page, or write all of them into a folder'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "openapi" -d 'Print the description of the API (OpenAPI 3.1)'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "appointment" -d 'The appointment of a user or a group to a role'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "attempt" -d 'An attempt to use a product'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "badge" -d 'A mark of distinction that products may carry'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "build" -d 'A version of a product, ready to run or to use'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "claim" -d 'The use of an entitlement by a user or a group'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "configuration" -d 'A way to run a build: a set of tasks'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "dependency" -d 'What a build needs at run time: an interface, or a certain product'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "entitlement" -d 'A user\'s acquired right to a product under a licence'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "exposure" -d 'An interface that a build offers to others'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "group" -d 'Users who are given roles and rights together'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "identity" -d 'Who a user is to an identity provider'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "idp" -d 'An OpenID Connect provider that people sign in with'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "instance" -d 'A build that runs, or shall run, on a platform'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "interface" -d 'A versioned contract, such as FHIR 4.0.1, that builds expose and depend upon'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "license" -d 'A set of terms under which products are offered'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "logo" -d 'The picture that a product is known by'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "member" -d 'A user\'s membership in a group'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "offer" -d 'An offer: a product under a licence'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "parameter" -d 'A value, such as an address, that an exposure gives to those who depend on it'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "platform" -d 'A place where a user\'s products run, kept by an agent'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "product" -d 'Something that is offered: an application, a service, a piece of knowledge'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "publisher-key" -d 'The public half of a key that a publisher signs packages with'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "role" -d 'A named set of permissions, to which users and groups are appointed'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "screenshot" -d 'A picture of a product'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "sub-product" -d 'A product\'s place under another: a right to the parent is a right to the child'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "surrogate" -d 'That one interface may stand in for another'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "task" -d 'A process that runs as part of a configuration, in one or more instances'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "token" -d 'A token that a program signs in with on behalf of a user'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "user" -d 'A person who uses the marketplace'
complete -c mkt -n "__fish_mkt_needs_command" -f -a "voucher" -d 'A code that can be redeemed for an entitlement, once'
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l listen -d 'The address to listen on; port 0 takes a free one. PORT alone works too and listens on all addresses [default: 127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l database-url -d 'The database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME; DATABASE_URL works too [default: a file under $XDG_DATA_HOME/mkt]' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l storage-url -d 'Where files are kept: file:///FOLDER, or s3://BUCKET/PREFIX with the usual AWS_ variables; several servers of one marketplace need the same [default: the folder files beside a database file, else under $XDG_DATA_HOME/mkt]' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l max-image-size -d 'The largest logo or screenshot taken' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l max-asset-size -d 'The largest asset of a build taken' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l public-url -d 'Where clients reach the marketplace [default: where their requests say]' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l ui-url -d 'Where the web interface is, if that is elsewhere than beside the API at /ui/' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l title -d 'What the marketplace is called' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l secret-key-file -d 'A file with the key that secrets are derived from; MKT_SECRET_KEY holds the key itself. Required for PostgreSQL, else made once and kept beside the database' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l admin-token-file -d 'A file with the token of the first administrator; MKT_ADMIN_TOKEN holds the token itself [default: one is made and printed]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l admin-emails -d 'Mail addresses of administrators: whoever signs in with one that the identity provider has verified' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l anonymous-events -d 'Let anybody follow the catalogue\'s events, without a token' -r -f -a "true\t''
false\t''"
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l events-days -d 'For how many days events are kept, for those who come back and want what they missed' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l events-kept -d 'How many events are kept at most' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l notify -d 'Have servers on one PostgreSQL wake one another by LISTEN and NOTIFY; else they look for themselves each second. For poolers that don\'t pass it on' -r -f -a "true\t''
false\t''"
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l self-publishing -d 'Let owners publish their products without a role that permits it' -r -f -a "true\t''
false\t''"
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l require-review -d 'Require that somebody has validated a build who did not submit it, before it is published' -r -f -a "true\t''
false\t''"
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l require-strict -d 'Publish only packages whose manifests have no warnings' -r -f -a "true\t''
false\t''"
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l check-command -d 'A program that checks each build that is submitted, and its arguments, separated by blanks. The manifest is on its standard input; with 0 it lets the build pass, else the build is rejected with what the program says. Nothing is published that has not passed' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l check-url -d 'A webhook that does so: it is sent the submission and answers {"verdict": "passed" or "failed", "message": …}' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l check-secret-file -d 'A file with the secret that what is sent to the webhook is signed with; MKT_CHECK_SECRET holds the secret itself' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l check-timeout -d 'How many seconds a check may take' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l trusted-proxies -d 'Addresses or networks of proxies whose Forwarded headers are believed' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l cors-origins -d 'Web origins that may call the API [default: any]' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l max-connections -d 'How many connections are open at a time, as far as the limit of open files allows' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l max-connections-per-client -d 'How many of them one client has, by its address; trusted proxies have no limit [default: 1024, and no limit on this machine]' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l head-timeout -d 'How many seconds a client may take to send the head of its first request' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l idle-timeout -d 'After how many seconds without a further request a connection is closed; longer than what proxies keep theirs for' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l max-sockets -d 'How many WebSockets one user or platform has open at a time' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l rate-limit -d 'How many requests a minute a client may send to sign in, redeem vouchers, make tokens, and check packages unsigned, by its address and by its token; 0 for any number, and to let clients try any number of tokens' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l log-format -d 'The form of log lines' -r -f -a "text\t'For people'
json\t'One object a line'"
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l log -d 'What to log: error, warn, info, debug or trace, for all or for some modules' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l demo -d 'Fill an empty marketplace with a small fictional catalogue to look at'
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand serve" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand serve" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand serve" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand ui" -l server-url -d 'Where the marketplace is, as browsers reach it' -r
complete -c mkt -n "__fish_mkt_using_subcommand ui" -l listen -d 'The address to listen on; port 0 takes a free one. PORT alone works too and listens on all addresses [default: 127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand ui" -l title -d 'What the marketplace is called' -r
complete -c mkt -n "__fish_mkt_using_subcommand ui" -l trusted-proxies -d 'Addresses or networks of proxies, which speak for many clients' -r
complete -c mkt -n "__fish_mkt_using_subcommand ui" -l max-connections -d 'How many connections are open at a time, as far as the limit of open files allows' -r
complete -c mkt -n "__fish_mkt_using_subcommand ui" -l max-connections-per-client -d 'How many of them one client has, by its address; trusted proxies have no limit [default: 1024, and no limit on this machine]' -r
complete -c mkt -n "__fish_mkt_using_subcommand ui" -l head-timeout -d 'How many seconds a client may take to send the head of its first request' -r
complete -c mkt -n "__fish_mkt_using_subcommand ui" -l idle-timeout -d 'After how many seconds without a further request a connection is closed; longer than what proxies keep theirs for' -r
complete -c mkt -n "__fish_mkt_using_subcommand ui" -l log-format -d 'The form of log lines' -r -f -a "text\t'For people'
json\t'One object a line'"
complete -c mkt -n "__fish_mkt_using_subcommand ui" -l log -d 'What to log: error, warn, info, debug or trace, for all or for some modules' -r
complete -c mkt -n "__fish_mkt_using_subcommand ui" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand ui" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand ui" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand ui" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand ui" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand ui" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand ui" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand ui" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand ui" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand ui" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand ui" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand agent; and not __fish_seen_subcommand_from doctor" -l platform -d 'The platform\'s id, as mkt platform create tells' -r
complete -c mkt -n "__fish_mkt_using_subcommand agent; and not __fish_seen_subcommand_from doctor" -l key -d 'A file with the platform\'s private key; MKT_PLATFORM_KEY holds the key itself' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand agent; and not __fish_seen_subcommand_from doctor" -l runner -d 'What starts the tasks' -r -f -a "docker\t'Containers, by the socket of Docker or Podman'
process\t'Processes of this machine, with the commands in the operator\'s file'
idle\t'Nothing: tasks are only said to run. For trying out'"
complete -c mkt -n "__fish_mkt_using_subcommand agent; and not __fish_seen_subcommand_from doctor" -l docker-socket -d 'The socket of the container engine' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand agent; and not __fish_seen_subcommand_from doctor" -l state -d 'The folder of what the agent keeps on this machine [default: mkt/agent under $XDG_STATE_HOME]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand agent; and not __fish_seen_subcommand_from doctor" -l operator -d 'The operator\'s file (TOML): values that stay on this machine, commands of processes, where ports are published' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand agent; and not __fish_seen_subcommand_from doctor" -l trusted-key -d 'Files with public keys that packages must be signed by [default: any that the marketplace knows]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand agent; and not __fish_seen_subcommand_from doctor" -l log-format -d 'The form of log lines' -r -f -a "text\t'For people'
json\t'One object a line'"
complete -c mkt -n "__fish_mkt_using_subcommand agent; and not __fish_seen_subcommand_from doctor" -l log -d 'What to log: error, warn, info, debug or trace, for all or for some modules' -r
complete -c mkt -n "__fish_mkt_using_subcommand agent; and not __fish_seen_subcommand_from doctor" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand agent; and not __fish_seen_subcommand_from doctor" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand agent; and not __fish_seen_subcommand_from doctor" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand agent; and not __fish_seen_subcommand_from doctor" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand agent; and not __fish_seen_subcommand_from doctor" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand agent; and not __fish_seen_subcommand_from doctor" -l require-digest -d 'Run only images that are named by digest'
complete -c mkt -n "__fish_mkt_using_subcommand agent; and not __fish_seen_subcommand_from doctor" -l require-signature -d 'Run only what its publisher has signed'
complete -c mkt -n "__fish_mkt_using_subcommand agent; and not __fish_seen_subcommand_from doctor" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand agent; and not __fish_seen_subcommand_from doctor" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand agent; and not __fish_seen_subcommand_from doctor" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand agent; and not __fish_seen_subcommand_from doctor" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand agent; and not __fish_seen_subcommand_from doctor" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand agent; and not __fish_seen_subcommand_from doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand agent; and not __fish_seen_subcommand_from doctor" -f -a "doctor" -d 'Look whether an agent could work here: its key, its marketplace, the clocks, what it runs tasks with'
complete -c mkt -n "__fish_mkt_using_subcommand agent; and __fish_seen_subcommand_from doctor" -l platform -d 'The platform\'s id, as mkt platform create tells' -r
complete -c mkt -n "__fish_mkt_using_subcommand agent; and __fish_seen_subcommand_from doctor" -l key -d 'A file with the platform\'s private key; MKT_PLATFORM_KEY holds the key itself' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand agent; and __fish_seen_subcommand_from doctor" -l runner -d 'What starts the tasks' -r -f -a "docker\t'Containers, by the socket of Docker or Podman'
process\t'Processes of this machine, with the commands in the operator\'s file'
idle\t'Nothing: tasks are only said to run. For trying out'"
complete -c mkt -n "__fish_mkt_using_subcommand agent; and __fish_seen_subcommand_from doctor" -l docker-socket -d 'The socket of the container engine' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand agent; and __fish_seen_subcommand_from doctor" -l state -d 'The folder of what the agent keeps on this machine [default: mkt/agent under $XDG_STATE_HOME]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand agent; and __fish_seen_subcommand_from doctor" -l operator -d 'The operator\'s file (TOML): values that stay on this machine, commands of processes, where ports are published' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand agent; and __fish_seen_subcommand_from doctor" -l trusted-key -d 'Files with public keys that packages must be signed by [default: any that the marketplace knows]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand agent; and __fish_seen_subcommand_from doctor" -l log-format -d 'The form of log lines' -r -f -a "text\t'For people'
json\t'One object a line'"
complete -c mkt -n "__fish_mkt_using_subcommand agent; and __fish_seen_subcommand_from doctor" -l log -d 'What to log: error, warn, info, debug or trace, for all or for some modules' -r
complete -c mkt -n "__fish_mkt_using_subcommand agent; and __fish_seen_subcommand_from doctor" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand agent; and __fish_seen_subcommand_from doctor" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand agent; and __fish_seen_subcommand_from doctor" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand agent; and __fish_seen_subcommand_from doctor" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand agent; and __fish_seen_subcommand_from doctor" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand agent; and __fish_seen_subcommand_from doctor" -l require-digest -d 'Run only images that are named by digest'
complete -c mkt -n "__fish_mkt_using_subcommand agent; and __fish_seen_subcommand_from doctor" -l require-signature -d 'Run only what its publisher has signed'
complete -c mkt -n "__fish_mkt_using_subcommand agent; and __fish_seen_subcommand_from doctor" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand agent; and __fish_seen_subcommand_from doctor" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand agent; and __fish_seen_subcommand_from doctor" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand agent; and __fish_seen_subcommand_from doctor" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand agent; and __fish_seen_subcommand_from doctor" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand agent; and __fish_seen_subcommand_from doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and not __fish_seen_subcommand_from run status check" -l database-url -d 'The database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME; DATABASE_URL works too [default: a file under $XDG_DATA_HOME/mkt]' -r
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and not __fish_seen_subcommand_from run status check" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and not __fish_seen_subcommand_from run status check" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and not __fish_seen_subcommand_from run status check" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and not __fish_seen_subcommand_from run status check" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and not __fish_seen_subcommand_from run status check" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and not __fish_seen_subcommand_from run status check" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and not __fish_seen_subcommand_from run status check" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and not __fish_seen_subcommand_from run status check" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and not __fish_seen_subcommand_from run status check" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and not __fish_seen_subcommand_from run status check" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and not __fish_seen_subcommand_from run status check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and not __fish_seen_subcommand_from run status check" -f -a "run" -d 'Apply what is missing, creating the database if need be (the default)'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and not __fish_seen_subcommand_from run status check" -f -a "status" -d 'List all migrations and whether each is applied'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and not __fish_seen_subcommand_from run status check" -f -a "check" -d 'Exit with 1 if any is missing'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from run" -l database-url -d 'The database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME; DATABASE_URL works too [default: a file under $XDG_DATA_HOME/mkt]' -r
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from run" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from run" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from run" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from run" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from run" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from run" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from run" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from run" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from run" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from run" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from status" -l database-url -d 'The database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME; DATABASE_URL works too [default: a file under $XDG_DATA_HOME/mkt]' -r
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from status" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from status" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from status" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from status" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from status" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from status" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from status" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from status" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from status" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from check" -l database-url -d 'The database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME; DATABASE_URL works too [default: a file under $XDG_DATA_HOME/mkt]' -r
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from check" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from check" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from check" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from check" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from check" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from check" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from check" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from check" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from check" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand migrate; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand init" -l name -d 'What the product is called [default: after the folder]' -r
complete -c mkt -n "__fish_mkt_using_subcommand init" -l description -d 'What it is and does' -r
complete -c mkt -n "__fish_mkt_using_subcommand init" -l image -d 'The container image that it runs from; without a tag, the version is the tag' -r
complete -c mkt -n "__fish_mkt_using_subcommand init" -l asset -d 'The file that it consists of, as a path inside the folder' -r
complete -c mkt -n "__fish_mkt_using_subcommand init" -l version -d 'The version of the first build [default: the image\'s tag, else 0.1.0]' -r
complete -c mkt -n "__fish_mkt_using_subcommand init" -l organization -d 'Who makes it [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand init" -l contact -d 'How to reach them [default: your mail address in git]' -r
complete -c mkt -n "__fish_mkt_using_subcommand init" -l license -d 'A licence that it is offered under: the SPDX identifier of a common one such as MIT, or NAME=URL' -r
complete -c mkt -n "__fish_mkt_using_subcommand init" -l mime-type -d 'What kind of thing it is, such as application/smart.v1 [default: that of container images]' -r
complete -c mkt -n "__fish_mkt_using_subcommand init" -l domain -d 'A field of health care that it is for' -r
complete -c mkt -n "__fish_mkt_using_subcommand init" -l task -d 'The name of the process that runs [default: web with ports, else main]' -r
complete -c mkt -n "__fish_mkt_using_subcommand init" -l port -d 'A TCP port that it serves [default: those of the Containerfile]' -r
complete -c mkt -n "__fish_mkt_using_subcommand init" -l marketplace-url -d 'The marketplace that it is for [default: the one that --server or the profile names]' -r
complete -c mkt -n "__fish_mkt_using_subcommand init" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand init" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand init" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand init" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand init" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand init" -l force -d 'Replace a marketplace.json that is there'
complete -c mkt -n "__fish_mkt_using_subcommand init" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand init" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand init" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand init" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand init" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand validate" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand validate" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand validate" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand validate" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand validate" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand validate" -l strict -d 'Take warnings for errors'
complete -c mkt -n "__fish_mkt_using_subcommand validate" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand validate" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand validate" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand validate" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand validate" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand validate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand certify" -l env -d 'The value of an environment variable; once for each' -r
complete -c mkt -n "__fish_mkt_using_subcommand certify" -l env-file -d 'A file with such values, one a line; --env outweighs it' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand certify" -l port -d 'A port that the image serves, the first of which is asked; of a manifest its tasks\' ports count [default: those that the image exposes]' -r
complete -c mkt -n "__fish_mkt_using_subcommand certify" -l memory -d 'How much memory the image may take, in MiB; of a manifest its tasks\' memory_maximum counts' -r
complete -c mkt -n "__fish_mkt_using_subcommand certify" -l docker-socket -d 'The socket of the container engine' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand certify" -l timeout -d 'How long a task may take to come up' -r
complete -c mkt -n "__fish_mkt_using_subcommand certify" -l insecure-registry -d 'Registries that are spoken to without TLS, as HOST:PORT; those of this machine are anyway' -r
complete -c mkt -n "__fish_mkt_using_subcommand certify" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand certify" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand certify" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand certify" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand certify" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand certify" -l strict -d 'Take what a person should look at for failed'
complete -c mkt -n "__fish_mkt_using_subcommand certify" -l no-resolve -d 'Do not look images up in their registries: their tags may name other images tomorrow'
complete -c mkt -n "__fish_mkt_using_subcommand certify" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand certify" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand certify" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand certify" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand certify" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand certify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand publish" -l sign -d 'A private key to sign with, as mkt keygen makes it' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand publish" -l insecure-registry -d 'Registries that are spoken to without TLS, as HOST:PORT; those of this machine are anyway' -r
complete -c mkt -n "__fish_mkt_using_subcommand publish" -l timeout -d 'For how long to wait' -r
complete -c mkt -n "__fish_mkt_using_subcommand publish" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand publish" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand publish" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand publish" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand publish" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand publish" -s n -l dry-run -d 'Only tell what would be done'
complete -c mkt -n "__fish_mkt_using_subcommand publish" -l strict -d 'Take warnings for errors'
complete -c mkt -n "__fish_mkt_using_subcommand publish" -l no-resolve -d 'Do not look images up in their registries: their tags may name other images tomorrow'
complete -c mkt -n "__fish_mkt_using_subcommand publish" -l wait -d 'Wait until what was published is visible to everybody'
complete -c mkt -n "__fish_mkt_using_subcommand publish" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand publish" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand publish" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand publish" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand publish" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand publish" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand import; and not __fish_seen_subcommand_from knart fhir" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand import; and not __fish_seen_subcommand_from knart fhir" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand import; and not __fish_seen_subcommand_from knart fhir" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand import; and not __fish_seen_subcommand_from knart fhir" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand import; and not __fish_seen_subcommand_from knart fhir" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand import; and not __fish_seen_subcommand_from knart fhir" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand import; and not __fish_seen_subcommand_from knart fhir" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand import; and not __fish_seen_subcommand_from knart fhir" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand import; and not __fish_seen_subcommand_from knart fhir" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand import; and not __fish_seen_subcommand_from knart fhir" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand import; and not __fish_seen_subcommand_from knart fhir" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand import; and not __fish_seen_subcommand_from knart fhir" -f -a "knart" -d 'Import the HL7 knowledge artifacts that the manifest.json of a folder lists'
complete -c mkt -n "__fish_mkt_using_subcommand import; and not __fish_seen_subcommand_from knart fhir" -f -a "fhir" -d 'Import the FHIR StructureDefinitions of a folder and those in it, in XML or JSON'
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from knart" -l owner -d 'The user whom the products belong to, by name or id [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from knart" -l license -d 'The licence to offer the products under, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from knart" -l meta-license -d 'The licence to offer the product above them under, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from knart" -l support-url -d 'Where to turn to for help with them: a web page or a mail address' -r
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from knart" -l ignore -d 'Paths to skip, such as \'drafts/**\' or \'*-old.xml\'; without a slash at any depth. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from knart" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from knart" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from knart" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from knart" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from knart" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from knart" -s n -l dry-run -d 'Only tell what would be done'
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from knart" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from knart" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from knart" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from knart" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from knart" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from knart" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from fhir" -l owner -d 'The user whom the products belong to, by name or id [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from fhir" -l license -d 'The licence to offer the products under, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from fhir" -l meta-license -d 'The licence to offer the product above them under, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from fhir" -l support-url -d 'Where to turn to for help with them: a web page or a mail address' -r
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from fhir" -l ignore -d 'Paths to skip, such as \'drafts/**\' or \'*-old.xml\'; without a slash at any depth. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from fhir" -l meta -d 'The product to put them under, by name or id; made if there is none of this name' -r
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from fhir" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from fhir" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from fhir" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from fhir" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from fhir" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from fhir" -s n -l dry-run -d 'Only tell what would be done'
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from fhir" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from fhir" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from fhir" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from fhir" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from fhir" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand import; and __fish_seen_subcommand_from fhir" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand keygen" -l register -d 'Register the public key with the marketplace, under this name' -r
complete -c mkt -n "__fish_mkt_using_subcommand keygen" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand keygen" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand keygen" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand keygen" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand keygen" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand keygen" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand keygen" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand keygen" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand keygen" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand keygen" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand keygen" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand verify" -l key -d 'The key that it must be signed with: its fingerprint, or a file with the public key' -r
complete -c mkt -n "__fish_mkt_using_subcommand verify" -l insecure-registry -d 'Registries that are spoken to without TLS, as HOST:PORT; those of this machine are anyway' -r
complete -c mkt -n "__fish_mkt_using_subcommand verify" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand verify" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand verify" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand verify" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand verify" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand verify" -l no-resolve -d 'Do not look images up in their registries: their tags may name other images tomorrow'
complete -c mkt -n "__fish_mkt_using_subcommand verify" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand verify" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand verify" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand verify" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand verify" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand review; and not __fish_seen_subcommand_from list show validate reject publish" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand review; and not __fish_seen_subcommand_from list show validate reject publish" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand review; and not __fish_seen_subcommand_from list show validate reject publish" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand review; and not __fish_seen_subcommand_from list show validate reject publish" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand review; and not __fish_seen_subcommand_from list show validate reject publish" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand review; and not __fish_seen_subcommand_from list show validate reject publish" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand review; and not __fish_seen_subcommand_from list show validate reject publish" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand review; and not __fish_seen_subcommand_from list show validate reject publish" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand review; and not __fish_seen_subcommand_from list show validate reject publish" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand review; and not __fish_seen_subcommand_from list show validate reject publish" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand review; and not __fish_seen_subcommand_from list show validate reject publish" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand review; and not __fish_seen_subcommand_from list show validate reject publish" -f -a "list" -d 'List the builds that wait for a decision, yours or that you may decide on, the oldest first'
complete -c mkt -n "__fish_mkt_using_subcommand review; and not __fish_seen_subcommand_from list show validate reject publish" -f -a "show" -d 'Show a build: what it is, what differs from the one that is public, and who decided what'
complete -c mkt -n "__fish_mkt_using_subcommand review; and not __fish_seen_subcommand_from list show validate reject publish" -f -a "validate" -d 'Vouch for a build'
complete -c mkt -n "__fish_mkt_using_subcommand review; and not __fish_seen_subcommand_from list show validate reject publish" -f -a "reject" -d 'Turn a build down; its vendor can change it and submit it again'
complete -c mkt -n "__fish_mkt_using_subcommand review; and not __fish_seen_subcommand_from list show validate reject publish" -f -a "publish" -d 'Publish a build, and its product if that is not public yet'
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from list" -l limit -d 'How many to show' -r
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from validate" -l revision -d 'Decide only on what you have seen: the revision that mkt review show tells' -r
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from validate" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from validate" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from validate" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from validate" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from validate" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from validate" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from validate" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from validate" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from validate" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from validate" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from validate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from reject" -l revision -d 'Decide only on what you have seen: the revision that mkt review show tells' -r
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from reject" -l reason -d 'Why, for its vendor' -r
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from reject" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from reject" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from reject" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from reject" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from reject" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from reject" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from reject" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from reject" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from reject" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from reject" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from reject" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from publish" -l revision -d 'Decide only on what you have seen: the revision that mkt review show tells' -r
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from publish" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from publish" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from publish" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from publish" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from publish" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from publish" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from publish" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from publish" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from publish" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from publish" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand review; and __fish_seen_subcommand_from publish" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand watch" -l stream -d 'What to follow' -r -f -a "catalog\t'What is published and withdrawn'
account\t'What concerns you: entitlements, claims, vouchers, tokens, platforms'
review\t'Builds submitted for review, and what becomes of them; for those with builds.validate or builds.publish'
audit\t'Who asked to use what; for those with attempts.read'
administration\t'Users, roles, licenses, entitlements and whatever else is administered; each kind for those who may read all of it'"
complete -c mkt -n "__fish_mkt_using_subcommand watch" -l product -d 'Follow one product and its builds, by its name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand watch" -l platform -d 'Follow what is to run on a platform of yours, and how far it is, by the platform\'s name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand watch" -l resource -d 'Only what happens to such resources, such as product, build or instance' -r
complete -c mkt -n "__fish_mkt_using_subcommand watch" -l event -d 'Only events of such types, such as published, updated or yanked' -r
complete -c mkt -n "__fish_mkt_using_subcommand watch" -l since -d 'Start after the event with this id, not now' -r
complete -c mkt -n "__fish_mkt_using_subcommand watch" -l resume -d 'Remember under this name how far it came, and go on from there the next time' -r
complete -c mkt -n "__fish_mkt_using_subcommand watch" -l exec -d 'Run this shell command for each event, one after another, with the event as JSON on its standard input. Ends if it fails; with --resume the event is the first of the next time' -r
complete -c mkt -n "__fish_mkt_using_subcommand watch" -l count -d 'End after so many events' -r
complete -c mkt -n "__fish_mkt_using_subcommand watch" -l timeout -d 'End after so many seconds; with --count, having seen fewer by then is a failure' -r
complete -c mkt -n "__fish_mkt_using_subcommand watch" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand watch" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand watch" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand watch" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand watch" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand watch" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand watch" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand watch" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand watch" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand watch" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand plan" -l platform -d 'The platform, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand plan" -l set -d 'Set an environment variable. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand plan" -l env-file -d 'A file with environment variables, a KEY=VALUE on each line, for what should not be on a command line' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand plan" -l configuration -d 'The configuration, by name or id [default: the build\'s own]' -r
complete -c mkt -n "__fish_mkt_using_subcommand plan" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand plan" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand plan" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand plan" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand plan" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand plan" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand plan" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand plan" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand plan" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand plan" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand plan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand search" -l limit -d 'How many to show' -r
complete -c mkt -n "__fish_mkt_using_subcommand search" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand search" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand search" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand search" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand search" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand search" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand search" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand search" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand search" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand search" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand search" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand label" -l manifest -d 'A manifest, or a folder that has a marketplace.json' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand label" -l platform -d 'The platform to compare with, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand label" -l format -d 'In which form [default: as the file\'s name ends, else text]' -r -f -a "text\t'80 columns of text'
svg\t'A picture'
html\t'A page'
json\t'As the API has it'"
complete -c mkt -n "__fish_mkt_using_subcommand label" -l file -d 'Where to write it [default: stdout]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand label" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand label" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand label" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand label" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand label" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand label" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand label" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand label" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand label" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand label" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand label" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand authorize" -l quantity -d 'For how many uses' -r
complete -c mkt -n "__fish_mkt_using_subcommand authorize" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand authorize" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand authorize" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand authorize" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand authorize" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand authorize" -l group -d 'Look for a group of that name only, not for a user first'
complete -c mkt -n "__fish_mkt_using_subcommand authorize" -l check -d 'Only look: nothing is counted or recorded'
complete -c mkt -n "__fish_mkt_using_subcommand authorize" -l receipt -d 'Print the receipt alone'
complete -c mkt -n "__fish_mkt_using_subcommand authorize" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand authorize" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand authorize" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand authorize" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand authorize" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand authorize" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand verify-receipt" -l keys -d 'A file with the marketplace\'s keys, as /.well-known/jwks.json has them [default: ask the marketplace]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand verify-receipt" -l product -d 'The id of the product that it must be for' -r
complete -c mkt -n "__fish_mkt_using_subcommand verify-receipt" -l claimant -d 'The id of the user or group that it must be for' -r
complete -c mkt -n "__fish_mkt_using_subcommand verify-receipt" -l at -d 'When it must hold [default: now]' -r
complete -c mkt -n "__fish_mkt_using_subcommand verify-receipt" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand verify-receipt" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand verify-receipt" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand verify-receipt" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand verify-receipt" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand verify-receipt" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand verify-receipt" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand verify-receipt" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand verify-receipt" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand verify-receipt" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand verify-receipt" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand status" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand status" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand status" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand status" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand status" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand status" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand status" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand status" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand status" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand status" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand audit" -l user -d 'Only what this user did, by id' -r
complete -c mkt -n "__fish_mkt_using_subcommand audit" -l of -d 'Only what was done to this, by id' -r
complete -c mkt -n "__fish_mkt_using_subcommand audit" -l resource -d 'Only what was done to things of this kind, such as role or product' -r
complete -c mkt -n "__fish_mkt_using_subcommand audit" -l action -d 'Only this: create, update, delete, sign_in or sign_out' -r
complete -c mkt -n "__fish_mkt_using_subcommand audit" -l since -d 'Only what was done from this instant on, such as 2026-01-31 or 2026-01-31T12:00:00Z' -r
complete -c mkt -n "__fish_mkt_using_subcommand audit" -l until -d 'Only what was done before this instant' -r
complete -c mkt -n "__fish_mkt_using_subcommand audit" -l limit -d 'How many to show' -r
complete -c mkt -n "__fish_mkt_using_subcommand audit" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand audit" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand audit" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand audit" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand audit" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand audit" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand audit" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand audit" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand audit" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand audit" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand audit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and not __fish_seen_subcommand_from list rotate revoke" -l database-url -d 'The database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME; DATABASE_URL works too [default: a file under $XDG_DATA_HOME/mkt]' -r
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and not __fish_seen_subcommand_from list rotate revoke" -l secret-key-file -d 'A file with the marketplace\'s secret key; MKT_SECRET_KEY holds the key itself' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and not __fish_seen_subcommand_from list rotate revoke" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and not __fish_seen_subcommand_from list rotate revoke" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and not __fish_seen_subcommand_from list rotate revoke" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and not __fish_seen_subcommand_from list rotate revoke" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and not __fish_seen_subcommand_from list rotate revoke" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and not __fish_seen_subcommand_from list rotate revoke" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and not __fish_seen_subcommand_from list rotate revoke" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and not __fish_seen_subcommand_from list rotate revoke" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and not __fish_seen_subcommand_from list rotate revoke" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and not __fish_seen_subcommand_from list rotate revoke" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and not __fish_seen_subcommand_from list rotate revoke" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and not __fish_seen_subcommand_from list rotate revoke" -f -a "list" -d 'List all keys, the newest first'
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and not __fish_seen_subcommand_from list rotate revoke" -f -a "rotate" -d 'Have a new key sign from now on; what the others signed stays good'
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and not __fish_seen_subcommand_from list rotate revoke" -f -a "revoke" -d 'Have all that a key signed hold no longer, and a new key sign if it was the one that does'
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from list" -l database-url -d 'The database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME; DATABASE_URL works too [default: a file under $XDG_DATA_HOME/mkt]' -r
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from list" -l secret-key-file -d 'A file with the marketplace\'s secret key; MKT_SECRET_KEY holds the key itself' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from rotate" -l database-url -d 'The database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME; DATABASE_URL works too [default: a file under $XDG_DATA_HOME/mkt]' -r
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from rotate" -l secret-key-file -d 'A file with the marketplace\'s secret key; MKT_SECRET_KEY holds the key itself' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from rotate" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from rotate" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from rotate" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from rotate" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from rotate" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from rotate" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from rotate" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from rotate" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from rotate" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from rotate" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from rotate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from revoke" -l database-url -d 'The database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME; DATABASE_URL works too [default: a file under $XDG_DATA_HOME/mkt]' -r
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from revoke" -l secret-key-file -d 'A file with the marketplace\'s secret key; MKT_SECRET_KEY holds the key itself' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from revoke" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from revoke" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from revoke" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from revoke" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from revoke" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from revoke" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from revoke" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from revoke" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from revoke" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from revoke" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand signing-key; and __fish_seen_subcommand_from revoke" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand login" -l provider -d 'The identity provider to sign in with' -r
complete -c mkt -n "__fish_mkt_using_subcommand login" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand login" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand login" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand login" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand login" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand login" -l device -d 'Show a code to confirm in a browser on any device'
complete -c mkt -n "__fish_mkt_using_subcommand login" -l with-token -d 'Take a token from the standard input'
complete -c mkt -n "__fish_mkt_using_subcommand login" -l no-browser -d 'Open no browser, only print the address to open'
complete -c mkt -n "__fish_mkt_using_subcommand login" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand login" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand login" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand login" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand login" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand login" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand logout" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand logout" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand logout" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand logout" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand logout" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand logout" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand logout" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand logout" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand logout" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand logout" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand logout" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand whoami" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand whoami" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand whoami" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand whoami" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand whoami" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand whoami" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand whoami" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand whoami" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand whoami" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand whoami" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand whoami" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and not __fish_seen_subcommand_from add use list remove" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand profile; and not __fish_seen_subcommand_from add use list remove" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand profile; and not __fish_seen_subcommand_from add use list remove" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand profile; and not __fish_seen_subcommand_from add use list remove" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand profile; and not __fish_seen_subcommand_from add use list remove" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand profile; and not __fish_seen_subcommand_from add use list remove" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and not __fish_seen_subcommand_from add use list remove" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and not __fish_seen_subcommand_from add use list remove" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and not __fish_seen_subcommand_from add use list remove" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and not __fish_seen_subcommand_from add use list remove" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and not __fish_seen_subcommand_from add use list remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and not __fish_seen_subcommand_from add use list remove" -f -a "add" -d 'Add a profile for the marketplace that --server names'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and not __fish_seen_subcommand_from add use list remove" -f -a "use" -d 'Use a profile wherever none is named'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and not __fish_seen_subcommand_from add use list remove" -f -a "list" -d 'List the profiles'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and not __fish_seen_subcommand_from add use list remove" -f -a "remove" -d 'Remove a profile, and forget its token'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from add" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from add" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from add" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from add" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from add" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from add" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from add" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from add" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from add" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from use" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from use" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from use" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from use" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from use" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from use" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from use" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from use" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from use" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from use" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from use" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from remove" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from remove" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from remove" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from remove" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from remove" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from remove" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from remove" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from remove" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from remove" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand profile; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand completions" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand completions" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand completions" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand completions" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand completions" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand completions" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand completions" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand completions" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand completions" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand completions" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand man" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand man" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand man" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand man" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand man" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand man" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand man" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand man" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand man" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand man" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand openapi" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand openapi" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand openapi" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand openapi" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand openapi" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand openapi" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand openapi" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand openapi" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand openapi" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand openapi" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand openapi" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and not __fish_seen_subcommand_from list show create update delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and not __fish_seen_subcommand_from list show create update delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and not __fish_seen_subcommand_from list show create update delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and not __fish_seen_subcommand_from list show create update delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and not __fish_seen_subcommand_from list show create update delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and not __fish_seen_subcommand_from list show create update delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and not __fish_seen_subcommand_from list show create update delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and not __fish_seen_subcommand_from list show create update delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and not __fish_seen_subcommand_from list show create update delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and not __fish_seen_subcommand_from list show create update delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and not __fish_seen_subcommand_from list show create update delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and not __fish_seen_subcommand_from list show create update delete" -f -a "list" -d 'List appointments'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and not __fish_seen_subcommand_from list show create update delete" -f -a "show" -d 'Show one'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and not __fish_seen_subcommand_from list show create update delete" -f -a "create" -d 'Create one'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and not __fish_seen_subcommand_from list show create update delete" -f -a "update" -d 'Change fields of one'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and not __fish_seen_subcommand_from list show create update delete" -f -a "delete" -d 'Delete one, with all that it is composed of'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from list" -l role -d 'The role that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from list" -l per-page -d 'Entries on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from list" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from list" -l text -d 'Only those with these words, or starts of words, in their texts' -r
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from list" -l all -d 'All pages'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from show" -l role -d 'The role that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from create" -l role -d 'The role that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from create" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from create" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from create" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from create" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from create" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from create" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from create" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from create" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from update" -l role -d 'The role that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from update" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from update" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from update" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from update" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from update" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from update" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from update" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from update" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from update" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from update" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from delete" -l role -d 'The role that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from delete" -l force -d 'Even if people lose rights with it'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand appointment; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and not __fish_seen_subcommand_from list show create update delete summary" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and not __fish_seen_subcommand_from list show create update delete summary" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and not __fish_seen_subcommand_from list show create update delete summary" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and not __fish_seen_subcommand_from list show create update delete summary" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and not __fish_seen_subcommand_from list show create update delete summary" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and not __fish_seen_subcommand_from list show create update delete summary" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and not __fish_seen_subcommand_from list show create update delete summary" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and not __fish_seen_subcommand_from list show create update delete summary" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and not __fish_seen_subcommand_from list show create update delete summary" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and not __fish_seen_subcommand_from list show create update delete summary" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and not __fish_seen_subcommand_from list show create update delete summary" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and not __fish_seen_subcommand_from list show create update delete summary" -f -a "list" -d 'List attempts'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and not __fish_seen_subcommand_from list show create update delete summary" -f -a "show" -d 'Show one'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and not __fish_seen_subcommand_from list show create update delete summary" -f -a "create" -d 'Create one'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and not __fish_seen_subcommand_from list show create update delete summary" -f -a "update" -d 'Change fields of one'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and not __fish_seen_subcommand_from list show create update delete summary" -f -a "delete" -d 'Delete one, with all that it is composed of'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and not __fish_seen_subcommand_from list show create update delete summary" -f -a "summary" -d 'Sum them up, for bills and for whoever looks for fraud'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from list" -l per-page -d 'Entries on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from list" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from list" -l text -d 'Only those with these words, or starts of words, in their texts' -r
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from list" -l all -d 'All pages'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from create" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from create" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from create" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from create" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from create" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from create" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from create" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from create" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from update" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from update" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from update" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from update" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from update" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from update" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from update" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from update" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from update" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from update" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from delete" -l force -d 'Even if people lose rights with it'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from summary" -l by -d 'What to sum up by' -r -f -a "product\t'The product'
claimant\t'The user or group'
day\t'The day, of UTC'"
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from summary" -l since -d 'Only attempts from this time on' -r
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from summary" -l until -d 'Only attempts before this time' -r
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from summary" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from summary" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from summary" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from summary" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from summary" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from summary" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from summary" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from summary" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from summary" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from summary" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from summary" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand attempt; and __fish_seen_subcommand_from summary" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and not __fish_seen_subcommand_from list show create update delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand badge; and not __fish_seen_subcommand_from list show create update delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand badge; and not __fish_seen_subcommand_from list show create update delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand badge; and not __fish_seen_subcommand_from list show create update delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand badge; and not __fish_seen_subcommand_from list show create update delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand badge; and not __fish_seen_subcommand_from list show create update delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and not __fish_seen_subcommand_from list show create update delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and not __fish_seen_subcommand_from list show create update delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and not __fish_seen_subcommand_from list show create update delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and not __fish_seen_subcommand_from list show create update delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and not __fish_seen_subcommand_from list show create update delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and not __fish_seen_subcommand_from list show create update delete" -f -a "list" -d 'List badges'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and not __fish_seen_subcommand_from list show create update delete" -f -a "show" -d 'Show one'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and not __fish_seen_subcommand_from list show create update delete" -f -a "create" -d 'Create one'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and not __fish_seen_subcommand_from list show create update delete" -f -a "update" -d 'Change fields of one'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and not __fish_seen_subcommand_from list show create update delete" -f -a "delete" -d 'Delete one, with all that it is composed of'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from list" -l per-page -d 'Entries on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from list" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from list" -l text -d 'Only those with these words, or starts of words, in their texts' -r
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from list" -l all -d 'All pages'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from create" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from create" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from create" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from create" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from create" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from create" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from create" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from create" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from update" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from update" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from update" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from update" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from update" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from update" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from update" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from update" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from update" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from update" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from delete" -l force -d 'Even if people lose rights with it'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand badge; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand build; and not __fish_seen_subcommand_from list show create update delete publish submit validate yank" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and not __fish_seen_subcommand_from list show create update delete publish submit validate yank" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and not __fish_seen_subcommand_from list show create update delete publish submit validate yank" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand build; and not __fish_seen_subcommand_from list show create update delete publish submit validate yank" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand build; and not __fish_seen_subcommand_from list show create update delete publish submit validate yank" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand build; and not __fish_seen_subcommand_from list show create update delete publish submit validate yank" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand build; and not __fish_seen_subcommand_from list show create update delete publish submit validate yank" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand build; and not __fish_seen_subcommand_from list show create update delete publish submit validate yank" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand build; and not __fish_seen_subcommand_from list show create update delete publish submit validate yank" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand build; and not __fish_seen_subcommand_from list show create update delete publish submit validate yank" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand build; and not __fish_seen_subcommand_from list show create update delete publish submit validate yank" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand build; and not __fish_seen_subcommand_from list show create update delete publish submit validate yank" -f -a "list" -d 'List builds'
complete -c mkt -n "__fish_mkt_using_subcommand build; and not __fish_seen_subcommand_from list show create update delete publish submit validate yank" -f -a "show" -d 'Show one'
complete -c mkt -n "__fish_mkt_using_subcommand build; and not __fish_seen_subcommand_from list show create update delete publish submit validate yank" -f -a "create" -d 'Create one'
complete -c mkt -n "__fish_mkt_using_subcommand build; and not __fish_seen_subcommand_from list show create update delete publish submit validate yank" -f -a "update" -d 'Change fields of one'
complete -c mkt -n "__fish_mkt_using_subcommand build; and not __fish_seen_subcommand_from list show create update delete publish submit validate yank" -f -a "delete" -d 'Delete one, with all that it is composed of'
complete -c mkt -n "__fish_mkt_using_subcommand build; and not __fish_seen_subcommand_from list show create update delete publish submit validate yank" -f -a "publish" -d 'Publish one: from then on its content is fixed'
complete -c mkt -n "__fish_mkt_using_subcommand build; and not __fish_seen_subcommand_from list show create update delete publish submit validate yank" -f -a "submit" -d 'Hand one in for review'
complete -c mkt -n "__fish_mkt_using_subcommand build; and not __fish_seen_subcommand_from list show create update delete publish submit validate yank" -f -a "validate" -d 'Vouch for one'
complete -c mkt -n "__fish_mkt_using_subcommand build; and not __fish_seen_subcommand_from list show create update delete publish submit validate yank" -f -a "yank" -d 'Withdraw one from new deployments; those that run it keep it'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from list" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from list" -l per-page -d 'Entries on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from list" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from list" -l text -d 'Only those with these words, or starts of words, in their texts' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from list" -l all -d 'All pages'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from show" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from create" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from create" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from create" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from create" -l upload -d 'Send a file for one of: asset. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from create" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from create" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from create" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from create" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from create" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from update" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from update" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from update" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from update" -l upload -d 'Send a file for one of: asset. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from update" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from update" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from update" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from update" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from update" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from update" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from update" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from delete" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from delete" -l force -d 'Even if people lose rights with it'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from publish" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from publish" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from publish" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from publish" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from publish" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from publish" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from publish" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from publish" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from publish" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from publish" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from publish" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from publish" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from submit" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from submit" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from submit" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from submit" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from submit" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from submit" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from submit" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from submit" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from submit" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from submit" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from submit" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from submit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from validate" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from validate" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from validate" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from validate" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from validate" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from validate" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from validate" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from validate" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from validate" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from validate" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from validate" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from validate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from yank" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from yank" -l reason -d 'Why, for all who see it' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from yank" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from yank" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from yank" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from yank" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from yank" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from yank" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from yank" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from yank" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from yank" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from yank" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand build; and __fish_seen_subcommand_from yank" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and not __fish_seen_subcommand_from list show create delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand claim; and not __fish_seen_subcommand_from list show create delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand claim; and not __fish_seen_subcommand_from list show create delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand claim; and not __fish_seen_subcommand_from list show create delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand claim; and not __fish_seen_subcommand_from list show create delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand claim; and not __fish_seen_subcommand_from list show create delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and not __fish_seen_subcommand_from list show create delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and not __fish_seen_subcommand_from list show create delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and not __fish_seen_subcommand_from list show create delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and not __fish_seen_subcommand_from list show create delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and not __fish_seen_subcommand_from list show create delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and not __fish_seen_subcommand_from list show create delete" -f -a "list" -d 'List claims'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and not __fish_seen_subcommand_from list show create delete" -f -a "show" -d 'Show one'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and not __fish_seen_subcommand_from list show create delete" -f -a "create" -d 'Create one'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and not __fish_seen_subcommand_from list show create delete" -f -a "delete" -d 'Delete one, with all that it is composed of'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from list" -l entitlement -d 'The entitlement that it belongs to, by id [default: whichever]' -r
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from list" -l per-page -d 'Entries on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from list" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from list" -l text -d 'Only those with these words, or starts of words, in their texts' -r
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from list" -l all -d 'All pages'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from show" -l entitlement -d 'The entitlement that it belongs to, by id [default: whichever]' -r
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from create" -l entitlement -d 'The entitlement that it belongs to, by id [default: whichever]' -r
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from create" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from create" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from create" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from create" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from create" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from create" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from create" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from create" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from delete" -l entitlement -d 'The entitlement that it belongs to, by id [default: whichever]' -r
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from delete" -l force -d 'Even if people lose rights with it'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand claim; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and not __fish_seen_subcommand_from list show create update delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and not __fish_seen_subcommand_from list show create update delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and not __fish_seen_subcommand_from list show create update delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and not __fish_seen_subcommand_from list show create update delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and not __fish_seen_subcommand_from list show create update delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and not __fish_seen_subcommand_from list show create update delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and not __fish_seen_subcommand_from list show create update delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and not __fish_seen_subcommand_from list show create update delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and not __fish_seen_subcommand_from list show create update delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and not __fish_seen_subcommand_from list show create update delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and not __fish_seen_subcommand_from list show create update delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and not __fish_seen_subcommand_from list show create update delete" -f -a "list" -d 'List configurations'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and not __fish_seen_subcommand_from list show create update delete" -f -a "show" -d 'Show one'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and not __fish_seen_subcommand_from list show create update delete" -f -a "create" -d 'Create one'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and not __fish_seen_subcommand_from list show create update delete" -f -a "update" -d 'Change fields of one'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and not __fish_seen_subcommand_from list show create update delete" -f -a "delete" -d 'Delete one, with all that it is composed of'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from list" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from list" -l build -d 'The build that it belongs to, by version or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from list" -l per-page -d 'Entries on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from list" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from list" -l text -d 'Only those with these words, or starts of words, in their texts' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from list" -l all -d 'All pages'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from show" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from show" -l build -d 'The build that it belongs to, by version or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from create" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from create" -l build -d 'The build that it belongs to, by version or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from create" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from create" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from create" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from create" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from create" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from create" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from create" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from create" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from update" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from update" -l build -d 'The build that it belongs to, by version or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from update" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from update" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from update" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from update" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from update" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from update" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from update" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from update" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from update" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from update" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from delete" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from delete" -l build -d 'The build that it belongs to, by version or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from delete" -l force -d 'Even if people lose rights with it'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand configuration; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and not __fish_seen_subcommand_from list show create update delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and not __fish_seen_subcommand_from list show create update delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and not __fish_seen_subcommand_from list show create update delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and not __fish_seen_subcommand_from list show create update delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and not __fish_seen_subcommand_from list show create update delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and not __fish_seen_subcommand_from list show create update delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and not __fish_seen_subcommand_from list show create update delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and not __fish_seen_subcommand_from list show create update delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and not __fish_seen_subcommand_from list show create update delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and not __fish_seen_subcommand_from list show create update delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and not __fish_seen_subcommand_from list show create update delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and not __fish_seen_subcommand_from list show create update delete" -f -a "list" -d 'List dependencies'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and not __fish_seen_subcommand_from list show create update delete" -f -a "show" -d 'Show one'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and not __fish_seen_subcommand_from list show create update delete" -f -a "create" -d 'Create one'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and not __fish_seen_subcommand_from list show create update delete" -f -a "update" -d 'Change fields of one'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and not __fish_seen_subcommand_from list show create update delete" -f -a "delete" -d 'Delete one, with all that it is composed of'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from list" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from list" -l build -d 'The build that it belongs to, by version or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from list" -l per-page -d 'Entries on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from list" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from list" -l text -d 'Only those with these words, or starts of words, in their texts' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from list" -l all -d 'All pages'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from show" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from show" -l build -d 'The build that it belongs to, by version or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from create" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from create" -l build -d 'The build that it belongs to, by version or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from create" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from create" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from create" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from create" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from create" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from create" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from create" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from create" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from update" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from update" -l build -d 'The build that it belongs to, by version or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from update" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from update" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from update" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from update" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from update" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from update" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from update" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from update" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from update" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from update" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from delete" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from delete" -l build -d 'The build that it belongs to, by version or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from delete" -l force -d 'Even if people lose rights with it'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand dependency; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and not __fish_seen_subcommand_from list show create update delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and not __fish_seen_subcommand_from list show create update delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and not __fish_seen_subcommand_from list show create update delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and not __fish_seen_subcommand_from list show create update delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and not __fish_seen_subcommand_from list show create update delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and not __fish_seen_subcommand_from list show create update delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and not __fish_seen_subcommand_from list show create update delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and not __fish_seen_subcommand_from list show create update delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and not __fish_seen_subcommand_from list show create update delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and not __fish_seen_subcommand_from list show create update delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and not __fish_seen_subcommand_from list show create update delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and not __fish_seen_subcommand_from list show create update delete" -f -a "list" -d 'List entitlements'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and not __fish_seen_subcommand_from list show create update delete" -f -a "show" -d 'Show one'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and not __fish_seen_subcommand_from list show create update delete" -f -a "create" -d 'Create one'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and not __fish_seen_subcommand_from list show create update delete" -f -a "update" -d 'Change fields of one'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and not __fish_seen_subcommand_from list show create update delete" -f -a "delete" -d 'Delete one, with all that it is composed of'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from list" -l per-page -d 'Entries on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from list" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from list" -l text -d 'Only those with these words, or starts of words, in their texts' -r
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from list" -l all -d 'All pages'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from create" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from create" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from create" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from create" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from create" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from create" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from create" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from create" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from update" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from update" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from update" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from update" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from update" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from update" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from update" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from update" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from update" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from update" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from delete" -l force -d 'Even if people lose rights with it'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand entitlement; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and not __fish_seen_subcommand_from list show create update delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and not __fish_seen_subcommand_from list show create update delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and not __fish_seen_subcommand_from list show create update delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and not __fish_seen_subcommand_from list show create update delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and not __fish_seen_subcommand_from list show create update delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and not __fish_seen_subcommand_from list show create update delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and not __fish_seen_subcommand_from list show create update delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and not __fish_seen_subcommand_from list show create update delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and not __fish_seen_subcommand_from list show create update delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and not __fish_seen_subcommand_from list show create update delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and not __fish_seen_subcommand_from list show create update delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and not __fish_seen_subcommand_from list show create update delete" -f -a "list" -d 'List exposures'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and not __fish_seen_subcommand_from list show create update delete" -f -a "show" -d 'Show one'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and not __fish_seen_subcommand_from list show create update delete" -f -a "create" -d 'Create one'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and not __fish_seen_subcommand_from list show create update delete" -f -a "update" -d 'Change fields of one'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and not __fish_seen_subcommand_from list show create update delete" -f -a "delete" -d 'Delete one, with all that it is composed of'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from list" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from list" -l build -d 'The build that it belongs to, by version or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from list" -l per-page -d 'Entries on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from list" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from list" -l text -d 'Only those with these words, or starts of words, in their texts' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from list" -l all -d 'All pages'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from show" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from show" -l build -d 'The build that it belongs to, by version or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from create" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from create" -l build -d 'The build that it belongs to, by version or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from create" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from create" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from create" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from create" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from create" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from create" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from create" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from create" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from update" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from update" -l build -d 'The build that it belongs to, by version or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from update" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from update" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from update" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from update" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from update" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from update" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from update" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from update" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from update" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from update" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from delete" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from delete" -l build -d 'The build that it belongs to, by version or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from delete" -l force -d 'Even if people lose rights with it'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand exposure; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand group; and not __fish_seen_subcommand_from list show create update delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand group; and not __fish_seen_subcommand_from list show create update delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand group; and not __fish_seen_subcommand_from list show create update delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand group; and not __fish_seen_subcommand_from list show create update delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand group; and not __fish_seen_subcommand_from list show create update delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand group; and not __fish_seen_subcommand_from list show create update delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand group; and not __fish_seen_subcommand_from list show create update delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand group; and not __fish_seen_subcommand_from list show create update delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand group; and not __fish_seen_subcommand_from list show create update delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand group; and not __fish_seen_subcommand_from list show create update delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand group; and not __fish_seen_subcommand_from list show create update delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand group; and not __fish_seen_subcommand_from list show create update delete" -f -a "list" -d 'List groups'
complete -c mkt -n "__fish_mkt_using_subcommand group; and not __fish_seen_subcommand_from list show create update delete" -f -a "show" -d 'Show one'
complete -c mkt -n "__fish_mkt_using_subcommand group; and not __fish_seen_subcommand_from list show create update delete" -f -a "create" -d 'Create one'
complete -c mkt -n "__fish_mkt_using_subcommand group; and not __fish_seen_subcommand_from list show create update delete" -f -a "update" -d 'Change fields of one'
complete -c mkt -n "__fish_mkt_using_subcommand group; and not __fish_seen_subcommand_from list show create update delete" -f -a "delete" -d 'Delete one, with all that it is composed of'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from list" -l per-page -d 'Entries on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from list" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from list" -l text -d 'Only those with these words, or starts of words, in their texts' -r
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from list" -l all -d 'All pages'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from create" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from create" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from create" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from create" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from create" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from create" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from create" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from create" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from update" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from update" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from update" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from update" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from update" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from update" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from update" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from update" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from update" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from update" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from delete" -l force -d 'Even if people lose rights with it'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand group; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and not __fish_seen_subcommand_from list show create update delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand identity; and not __fish_seen_subcommand_from list show create update delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand identity; and not __fish_seen_subcommand_from list show create update delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand identity; and not __fish_seen_subcommand_from list show create update delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand identity; and not __fish_seen_subcommand_from list show create update delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand identity; and not __fish_seen_subcommand_from list show create update delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and not __fish_seen_subcommand_from list show create update delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and not __fish_seen_subcommand_from list show create update delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and not __fish_seen_subcommand_from list show create update delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and not __fish_seen_subcommand_from list show create update delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and not __fish_seen_subcommand_from list show create update delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and not __fish_seen_subcommand_from list show create update delete" -f -a "list" -d 'List identities'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and not __fish_seen_subcommand_from list show create update delete" -f -a "show" -d 'Show one'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and not __fish_seen_subcommand_from list show create update delete" -f -a "create" -d 'Create one'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and not __fish_seen_subcommand_from list show create update delete" -f -a "update" -d 'Change fields of one'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and not __fish_seen_subcommand_from list show create update delete" -f -a "delete" -d 'Delete one, with all that it is composed of'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from list" -l user -d 'The user that it belongs to, by name or id [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from list" -l per-page -d 'Entries on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from list" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from list" -l text -d 'Only those with these words, or starts of words, in their texts' -r
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from list" -l all -d 'All pages'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from show" -l user -d 'The user that it belongs to, by name or id [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from create" -l user -d 'The user that it belongs to, by name or id [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from create" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from create" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from create" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from create" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from create" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from create" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from create" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from create" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from update" -l user -d 'The user that it belongs to, by name or id [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from update" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from update" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from update" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from update" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from update" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from update" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from update" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from update" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from update" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from update" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from delete" -l user -d 'The user that it belongs to, by name or id [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from delete" -l force -d 'Even if people lose rights with it'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand identity; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and not __fish_seen_subcommand_from list show create update delete enable disable" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand idp; and not __fish_seen_subcommand_from list show create update delete enable disable" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand idp; and not __fish_seen_subcommand_from list show create update delete enable disable" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand idp; and not __fish_seen_subcommand_from list show create update delete enable disable" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand idp; and not __fish_seen_subcommand_from list show create update delete enable disable" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand idp; and not __fish_seen_subcommand_from list show create update delete enable disable" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and not __fish_seen_subcommand_from list show create update delete enable disable" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and not __fish_seen_subcommand_from list show create update delete enable disable" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and not __fish_seen_subcommand_from list show create update delete enable disable" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and not __fish_seen_subcommand_from list show create update delete enable disable" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and not __fish_seen_subcommand_from list show create update delete enable disable" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and not __fish_seen_subcommand_from list show create update delete enable disable" -f -a "list" -d 'List identity providers'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and not __fish_seen_subcommand_from list show create update delete enable disable" -f -a "show" -d 'Show one'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and not __fish_seen_subcommand_from list show create update delete enable disable" -f -a "create" -d 'Create one'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and not __fish_seen_subcommand_from list show create update delete enable disable" -f -a "update" -d 'Change fields of one'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and not __fish_seen_subcommand_from list show create update delete enable disable" -f -a "delete" -d 'Delete one, with all that it is composed of'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and not __fish_seen_subcommand_from list show create update delete enable disable" -f -a "enable" -d 'Let people sign in with one'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and not __fish_seen_subcommand_from list show create update delete enable disable" -f -a "disable" -d 'Let people no longer sign in with one'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from list" -l per-page -d 'Entries on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from list" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from list" -l text -d 'Only those with these words, or starts of words, in their texts' -r
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from list" -l all -d 'All pages'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from create" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from create" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from create" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from create" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from create" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from create" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from create" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from create" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from update" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from update" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from update" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from update" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from update" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from update" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from update" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from update" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from update" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from update" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from delete" -l force -d 'Even if people lose rights with it'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from enable" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from enable" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from enable" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from enable" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from enable" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from enable" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from enable" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from enable" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from enable" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from enable" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from enable" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from disable" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from disable" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from disable" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from disable" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from disable" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from disable" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from disable" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from disable" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from disable" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from disable" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand idp; and __fish_seen_subcommand_from disable" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and not __fish_seen_subcommand_from list show create update delete deploy stop start rollback logs" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and not __fish_seen_subcommand_from list show create update delete deploy stop start rollback logs" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and not __fish_seen_subcommand_from list show create update delete deploy stop start rollback logs" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand instance; and not __fish_seen_subcommand_from list show create update delete deploy stop start rollback logs" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand instance; and not __fish_seen_subcommand_from list show create update delete deploy stop start rollback logs" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand instance; and not __fish_seen_subcommand_from list show create update delete deploy stop start rollback logs" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and not __fish_seen_subcommand_from list show create update delete deploy stop start rollback logs" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and not __fish_seen_subcommand_from list show create update delete deploy stop start rollback logs" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and not __fish_seen_subcommand_from list show create update delete deploy stop start rollback logs" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and not __fish_seen_subcommand_from list show create update delete deploy stop start rollback logs" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and not __fish_seen_subcommand_from list show create update delete deploy stop start rollback logs" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and not __fish_seen_subcommand_from list show create update delete deploy stop start rollback logs" -f -a "list" -d 'List instances'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and not __fish_seen_subcommand_from list show create update delete deploy stop start rollback logs" -f -a "show" -d 'Show one'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and not __fish_seen_subcommand_from list show create update delete deploy stop start rollback logs" -f -a "create" -d 'Create one'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and not __fish_seen_subcommand_from list show create update delete deploy stop start rollback logs" -f -a "update" -d 'Move one to a newer build; or, with --set or --file, change fields of it'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and not __fish_seen_subcommand_from list show create update delete deploy stop start rollback logs" -f -a "delete" -d 'Delete one, with all that it is composed of'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and not __fish_seen_subcommand_from list show create update delete deploy stop start rollback logs" -f -a "deploy" -d 'Have a product run on a platform'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and not __fish_seen_subcommand_from list show create update delete deploy stop start rollback logs" -f -a "stop" -d 'Have one rest; it stays known with all that it is set to'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and not __fish_seen_subcommand_from list show create update delete deploy stop start rollback logs" -f -a "start" -d 'Have one run again that rests'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and not __fish_seen_subcommand_from list show create update delete deploy stop start rollback logs" -f -a "rollback" -d 'Move one back to the build before'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and not __fish_seen_subcommand_from list show create update delete deploy stop start rollback logs" -f -a "logs" -d 'Show what one last printed'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from list" -l user -d 'The user that it belongs to, by name or id [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from list" -l platform -d 'The platform that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from list" -l per-page -d 'Entries on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from list" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from list" -l text -d 'Only those with these words, or starts of words, in their texts' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from list" -l all -d 'All pages'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from show" -l user -d 'The user that it belongs to, by name or id [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from show" -l platform -d 'The platform that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from create" -l user -d 'The user that it belongs to, by name or id [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from create" -l platform -d 'The platform that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from create" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from create" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from create" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from create" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from create" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from create" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from create" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from create" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from update" -l user -d 'The user that it belongs to, by name or id [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from update" -l platform -d 'The platform that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from update" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from update" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from update" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from update" -l timeout -d 'For how long to wait' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from update" -l to -d 'The version to run [default: the newest]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from update" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from update" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from update" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from update" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from update" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from update" -l wait -d 'Wait until the platform\'s agent says that it is so'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from update" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from update" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from delete" -l user -d 'The user that it belongs to, by name or id [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from delete" -l platform -d 'The platform that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from delete" -l force -d 'Even if people lose rights with it'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from deploy" -l set -d 'Set an environment variable. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from deploy" -l env-file -d 'A file with environment variables, a KEY=VALUE on each line, for what should not be on a command line' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from deploy" -l configuration -d 'The configuration, by name or id [default: the build\'s own]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from deploy" -l updates -d 'How it comes by newer builds' -r -f -a "automatic\t''
approve\t''
pinned\t''"
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from deploy" -l timeout -d 'For how long to wait' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from deploy" -l user -d 'The user that it belongs to, by name or id [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from deploy" -l platform -d 'The platform that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from deploy" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from deploy" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from deploy" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from deploy" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from deploy" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from deploy" -s n -l dry-run -d 'Only show what would be'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from deploy" -l wait -d 'Wait until the platform\'s agent says that it is so'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from deploy" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from deploy" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from deploy" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from deploy" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from deploy" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from deploy" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from stop" -l timeout -d 'For how long to wait' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from stop" -l user -d 'The user that it belongs to, by name or id [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from stop" -l platform -d 'The platform that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from stop" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from stop" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from stop" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from stop" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from stop" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from stop" -l wait -d 'Wait until the platform\'s agent says that it is so'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from stop" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from stop" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from stop" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from stop" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from stop" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from start" -l timeout -d 'For how long to wait' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from start" -l user -d 'The user that it belongs to, by name or id [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from start" -l platform -d 'The platform that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from start" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from start" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from start" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from start" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from start" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from start" -l wait -d 'Wait until the platform\'s agent says that it is so'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from start" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from start" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from start" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from start" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from start" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from start" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from rollback" -l timeout -d 'For how long to wait' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from rollback" -l user -d 'The user that it belongs to, by name or id [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from rollback" -l platform -d 'The platform that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from rollback" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from rollback" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from rollback" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from rollback" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from rollback" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from rollback" -l wait -d 'Wait until the platform\'s agent says that it is so'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from rollback" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from rollback" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from rollback" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from rollback" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from rollback" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from rollback" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from logs" -l user -d 'The user that it belongs to, by name or id [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from logs" -l platform -d 'The platform that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from logs" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from logs" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from logs" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from logs" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from logs" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from logs" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from logs" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from logs" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from logs" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from logs" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand instance; and __fish_seen_subcommand_from logs" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and not __fish_seen_subcommand_from list show create update delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand interface; and not __fish_seen_subcommand_from list show create update delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand interface; and not __fish_seen_subcommand_from list show create update delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand interface; and not __fish_seen_subcommand_from list show create update delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand interface; and not __fish_seen_subcommand_from list show create update delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand interface; and not __fish_seen_subcommand_from list show create update delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and not __fish_seen_subcommand_from list show create update delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and not __fish_seen_subcommand_from list show create update delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and not __fish_seen_subcommand_from list show create update delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and not __fish_seen_subcommand_from list show create update delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and not __fish_seen_subcommand_from list show create update delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and not __fish_seen_subcommand_from list show create update delete" -f -a "list" -d 'List interfaces'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and not __fish_seen_subcommand_from list show create update delete" -f -a "show" -d 'Show one'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and not __fish_seen_subcommand_from list show create update delete" -f -a "create" -d 'Create one'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and not __fish_seen_subcommand_from list show create update delete" -f -a "update" -d 'Change fields of one'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and not __fish_seen_subcommand_from list show create update delete" -f -a "delete" -d 'Delete one, with all that it is composed of'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from list" -l per-page -d 'Entries on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from list" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from list" -l text -d 'Only those with these words, or starts of words, in their texts' -r
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from list" -l all -d 'All pages'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from create" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from create" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from create" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from create" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from create" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from create" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from create" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from create" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from update" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from update" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from update" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from update" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from update" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from update" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from update" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from update" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from update" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from update" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from delete" -l force -d 'Even if people lose rights with it'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand interface; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand license; and not __fish_seen_subcommand_from list show create update delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand license; and not __fish_seen_subcommand_from list show create update delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand license; and not __fish_seen_subcommand_from list show create update delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand license; and not __fish_seen_subcommand_from list show create update delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand license; and not __fish_seen_subcommand_from list show create update delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand license; and not __fish_seen_subcommand_from list show create update delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand license; and not __fish_seen_subcommand_from list show create update delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand license; and not __fish_seen_subcommand_from list show create update delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand license; and not __fish_seen_subcommand_from list show create update delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand license; and not __fish_seen_subcommand_from list show create update delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand license; and not __fish_seen_subcommand_from list show create update delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand license; and not __fish_seen_subcommand_from list show create update delete" -f -a "list" -d 'List licenses'
complete -c mkt -n "__fish_mkt_using_subcommand license; and not __fish_seen_subcommand_from list show create update delete" -f -a "show" -d 'Show one'
complete -c mkt -n "__fish_mkt_using_subcommand license; and not __fish_seen_subcommand_from list show create update delete" -f -a "create" -d 'Create one'
complete -c mkt -n "__fish_mkt_using_subcommand license; and not __fish_seen_subcommand_from list show create update delete" -f -a "update" -d 'Change fields of one'
complete -c mkt -n "__fish_mkt_using_subcommand license; and not __fish_seen_subcommand_from list show create update delete" -f -a "delete" -d 'Delete one, with all that it is composed of'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from list" -l per-page -d 'Entries on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from list" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from list" -l text -d 'Only those with these words, or starts of words, in their texts' -r
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from list" -l all -d 'All pages'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from create" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from create" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from create" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from create" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from create" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from create" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from create" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from create" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from update" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from update" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from update" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from update" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from update" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from update" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from update" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from update" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from update" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from update" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from delete" -l force -d 'Even if people lose rights with it'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand license; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and not __fish_seen_subcommand_from list show create update delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand logo; and not __fish_seen_subcommand_from list show create update delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand logo; and not __fish_seen_subcommand_from list show create update delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand logo; and not __fish_seen_subcommand_from list show create update delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand logo; and not __fish_seen_subcommand_from list show create update delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand logo; and not __fish_seen_subcommand_from list show create update delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and not __fish_seen_subcommand_from list show create update delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and not __fish_seen_subcommand_from list show create update delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and not __fish_seen_subcommand_from list show create update delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and not __fish_seen_subcommand_from list show create update delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and not __fish_seen_subcommand_from list show create update delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and not __fish_seen_subcommand_from list show create update delete" -f -a "list" -d 'List logos'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and not __fish_seen_subcommand_from list show create update delete" -f -a "show" -d 'Show one'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and not __fish_seen_subcommand_from list show create update delete" -f -a "create" -d 'Create one'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and not __fish_seen_subcommand_from list show create update delete" -f -a "update" -d 'Change fields of one'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and not __fish_seen_subcommand_from list show create update delete" -f -a "delete" -d 'Delete one, with all that it is composed of'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from list" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from list" -l per-page -d 'Entries on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from list" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from list" -l text -d 'Only those with these words, or starts of words, in their texts' -r
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from list" -l all -d 'All pages'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from show" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from create" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from create" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from create" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from create" -l upload -d 'Send a file for one of: image, logo. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from create" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from create" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from create" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from create" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from create" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from update" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from update" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from update" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from update" -l upload -d 'Send a file for one of: image, logo. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from update" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from update" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from update" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from update" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from update" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from update" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from update" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from delete" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from delete" -l force -d 'Even if people lose rights with it'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand logo; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand member; and not __fish_seen_subcommand_from list show create update delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand member; and not __fish_seen_subcommand_from list show create update delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand member; and not __fish_seen_subcommand_from list show create update delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand member; and not __fish_seen_subcommand_from list show create update delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand member; and not __fish_seen_subcommand_from list show create update delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand member; and not __fish_seen_subcommand_from list show create update delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand member; and not __fish_seen_subcommand_from list show create update delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand member; and not __fish_seen_subcommand_from list show create update delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand member; and not __fish_seen_subcommand_from list show create update delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand member; and not __fish_seen_subcommand_from list show create update delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand member; and not __fish_seen_subcommand_from list show create update delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand member; and not __fish_seen_subcommand_from list show create update delete" -f -a "list" -d 'List members'
complete -c mkt -n "__fish_mkt_using_subcommand member; and not __fish_seen_subcommand_from list show create update delete" -f -a "show" -d 'Show one'
complete -c mkt -n "__fish_mkt_using_subcommand member; and not __fish_seen_subcommand_from list show create update delete" -f -a "create" -d 'Create one'
complete -c mkt -n "__fish_mkt_using_subcommand member; and not __fish_seen_subcommand_from list show create update delete" -f -a "update" -d 'Change fields of one'
complete -c mkt -n "__fish_mkt_using_subcommand member; and not __fish_seen_subcommand_from list show create update delete" -f -a "delete" -d 'Delete one, with all that it is composed of'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from list" -l group -d 'The group that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from list" -l per-page -d 'Entries on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from list" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from list" -l text -d 'Only those with these words, or starts of words, in their texts' -r
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from list" -l all -d 'All pages'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from show" -l group -d 'The group that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from create" -l group -d 'The group that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from create" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from create" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from create" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from create" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from create" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from create" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from create" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from create" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from update" -l group -d 'The group that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from update" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from update" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from update" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from update" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from update" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from update" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from update" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from update" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from update" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from update" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from delete" -l group -d 'The group that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from delete" -l force -d 'Even if people lose rights with it'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand member; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and not __fish_seen_subcommand_from list show create update delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand offer; and not __fish_seen_subcommand_from list show create update delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand offer; and not __fish_seen_subcommand_from list show create update delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand offer; and not __fish_seen_subcommand_from list show create update delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand offer; and not __fish_seen_subcommand_from list show create update delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand offer; and not __fish_seen_subcommand_from list show create update delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and not __fish_seen_subcommand_from list show create update delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and not __fish_seen_subcommand_from list show create update delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and not __fish_seen_subcommand_from list show create update delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and not __fish_seen_subcommand_from list show create update delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and not __fish_seen_subcommand_from list show create update delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and not __fish_seen_subcommand_from list show create update delete" -f -a "list" -d 'List product licenses'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and not __fish_seen_subcommand_from list show create update delete" -f -a "show" -d 'Show one'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and not __fish_seen_subcommand_from list show create update delete" -f -a "create" -d 'Create one'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and not __fish_seen_subcommand_from list show create update delete" -f -a "update" -d 'Change fields of one'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and not __fish_seen_subcommand_from list show create update delete" -f -a "delete" -d 'Delete one, with all that it is composed of'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from list" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from list" -l per-page -d 'Entries on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from list" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from list" -l text -d 'Only those with these words, or starts of words, in their texts' -r
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from list" -l all -d 'All pages'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from show" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from create" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from create" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from create" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from create" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from create" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from create" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from create" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from create" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from create" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from update" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from update" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from update" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from update" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from update" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from update" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from update" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from update" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from update" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from update" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from update" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from delete" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from delete" -l force -d 'Even if people lose rights with it'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand offer; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and not __fish_seen_subcommand_from list show create update delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and not __fish_seen_subcommand_from list show create update delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and not __fish_seen_subcommand_from list show create update delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and not __fish_seen_subcommand_from list show create update delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and not __fish_seen_subcommand_from list show create update delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and not __fish_seen_subcommand_from list show create update delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and not __fish_seen_subcommand_from list show create update delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and not __fish_seen_subcommand_from list show create update delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and not __fish_seen_subcommand_from list show create update delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and not __fish_seen_subcommand_from list show create update delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and not __fish_seen_subcommand_from list show create update delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and not __fish_seen_subcommand_from list show create update delete" -f -a "list" -d 'List parameters'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and not __fish_seen_subcommand_from list show create update delete" -f -a "show" -d 'Show one'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and not __fish_seen_subcommand_from list show create update delete" -f -a "create" -d 'Create one'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and not __fish_seen_subcommand_from list show create update delete" -f -a "update" -d 'Change fields of one'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and not __fish_seen_subcommand_from list show create update delete" -f -a "delete" -d 'Delete one, with all that it is composed of'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from list" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from list" -l build -d 'The build that it belongs to, by version or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from list" -l exposure -d 'The exposure that it belongs to, by id' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from list" -l per-page -d 'Entries on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from list" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from list" -l text -d 'Only those with these words, or starts of words, in their texts' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from list" -l all -d 'All pages'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from show" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from show" -l build -d 'The build that it belongs to, by version or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from show" -l exposure -d 'The exposure that it belongs to, by id' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from create" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from create" -l build -d 'The build that it belongs to, by version or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from create" -l exposure -d 'The exposure that it belongs to, by id' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from create" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from create" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from create" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from create" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from create" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from create" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from create" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from create" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from update" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from update" -l build -d 'The build that it belongs to, by version or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from update" -l exposure -d 'The exposure that it belongs to, by id' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from update" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from update" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from update" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from update" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from update" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from update" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from update" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from update" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from update" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from update" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from delete" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from delete" -l build -d 'The build that it belongs to, by version or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from delete" -l exposure -d 'The exposure that it belongs to, by id' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from delete" -l force -d 'Even if people lose rights with it'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand parameter; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and not __fish_seen_subcommand_from list show create update delete rotate-key" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand platform; and not __fish_seen_subcommand_from list show create update delete rotate-key" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand platform; and not __fish_seen_subcommand_from list show create update delete rotate-key" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand platform; and not __fish_seen_subcommand_from list show create update delete rotate-key" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand platform; and not __fish_seen_subcommand_from list show create update delete rotate-key" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand platform; and not __fish_seen_subcommand_from list show create update delete rotate-key" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and not __fish_seen_subcommand_from list show create update delete rotate-key" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and not __fish_seen_subcommand_from list show create update delete rotate-key" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and not __fish_seen_subcommand_from list show create update delete rotate-key" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and not __fish_seen_subcommand_from list show create update delete rotate-key" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and not __fish_seen_subcommand_from list show create update delete rotate-key" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and not __fish_seen_subcommand_from list show create update delete rotate-key" -f -a "list" -d 'List platforms'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and not __fish_seen_subcommand_from list show create update delete rotate-key" -f -a "show" -d 'Show one'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and not __fish_seen_subcommand_from list show create update delete rotate-key" -f -a "create" -d 'Create one'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and not __fish_seen_subcommand_from list show create update delete rotate-key" -f -a "update" -d 'Change fields of one'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and not __fish_seen_subcommand_from list show create update delete rotate-key" -f -a "delete" -d 'Delete one, with all that it is composed of'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and not __fish_seen_subcommand_from list show create update delete rotate-key" -f -a "rotate-key" -d 'Give one a new key; whoever has the old one is locked out at once'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from list" -l user -d 'The user that it belongs to, by name or id [default: whichever]' -r
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from list" -l per-page -d 'Entries on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from list" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from list" -l text -d 'Only those with these words, or starts of words, in their texts' -r
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from list" -l all -d 'All pages'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from show" -l user -d 'The user that it belongs to, by name or id [default: whichever]' -r
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from create" -l user -d 'The user that it belongs to, by name or id [default: whichever]' -r
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from create" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from create" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from create" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from create" -l key -d 'Where to write the private key that its agent signs in with [default: NAME.key]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from create" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from create" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from create" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from create" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from create" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from update" -l user -d 'The user that it belongs to, by name or id [default: whichever]' -r
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from update" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from update" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from update" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from update" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from update" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from update" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from update" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from update" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from update" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from update" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from delete" -l user -d 'The user that it belongs to, by name or id [default: whichever]' -r
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from delete" -l force -d 'Even if people lose rights with it'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from rotate-key" -l key -d 'Where to write the private key that its agent signs in with [default: NAME.key]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from rotate-key" -l user -d 'The user that it belongs to, by name or id [default: whichever]' -r
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from rotate-key" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from rotate-key" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from rotate-key" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from rotate-key" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from rotate-key" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from rotate-key" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from rotate-key" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from rotate-key" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from rotate-key" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from rotate-key" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand platform; and __fish_seen_subcommand_from rotate-key" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand product; and not __fish_seen_subcommand_from list show create update delete publish unpublish" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and not __fish_seen_subcommand_from list show create update delete publish unpublish" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and not __fish_seen_subcommand_from list show create update delete publish unpublish" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand product; and not __fish_seen_subcommand_from list show create update delete publish unpublish" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand product; and not __fish_seen_subcommand_from list show create update delete publish unpublish" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand product; and not __fish_seen_subcommand_from list show create update delete publish unpublish" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand product; and not __fish_seen_subcommand_from list show create update delete publish unpublish" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand product; and not __fish_seen_subcommand_from list show create update delete publish unpublish" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand product; and not __fish_seen_subcommand_from list show create update delete publish unpublish" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand product; and not __fish_seen_subcommand_from list show create update delete publish unpublish" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand product; and not __fish_seen_subcommand_from list show create update delete publish unpublish" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand product; and not __fish_seen_subcommand_from list show create update delete publish unpublish" -f -a "list" -d 'List products'
complete -c mkt -n "__fish_mkt_using_subcommand product; and not __fish_seen_subcommand_from list show create update delete publish unpublish" -f -a "show" -d 'Show one'
complete -c mkt -n "__fish_mkt_using_subcommand product; and not __fish_seen_subcommand_from list show create update delete publish unpublish" -f -a "create" -d 'Create one'
complete -c mkt -n "__fish_mkt_using_subcommand product; and not __fish_seen_subcommand_from list show create update delete publish unpublish" -f -a "update" -d 'Change fields of one'
complete -c mkt -n "__fish_mkt_using_subcommand product; and not __fish_seen_subcommand_from list show create update delete publish unpublish" -f -a "delete" -d 'Delete one, with all that it is composed of'
complete -c mkt -n "__fish_mkt_using_subcommand product; and not __fish_seen_subcommand_from list show create update delete publish unpublish" -f -a "publish" -d 'Publish one, so that everybody sees it'
complete -c mkt -n "__fish_mkt_using_subcommand product; and not __fish_seen_subcommand_from list show create update delete publish unpublish" -f -a "unpublish" -d 'Withdraw one from the public'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -l per-page -d 'Entries on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -l text -d 'Only those with these words, or starts of words, in their texts' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -l all -d 'All pages'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from create" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from create" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from create" -l upload -d 'Send a file for one of: logo. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from create" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from create" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from create" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from create" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from create" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from update" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from update" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from update" -l upload -d 'Send a file for one of: logo. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from update" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from update" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from update" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from update" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from update" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from update" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from update" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from delete" -l force -d 'Even if people lose rights with it'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from publish" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from publish" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from publish" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from publish" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from publish" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from publish" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from publish" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from publish" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from publish" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from publish" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from publish" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from unpublish" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from unpublish" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from unpublish" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from unpublish" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from unpublish" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from unpublish" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from unpublish" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from unpublish" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from unpublish" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from unpublish" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand product; and __fish_seen_subcommand_from unpublish" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and not __fish_seen_subcommand_from list show create update delete revoke" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and not __fish_seen_subcommand_from list show create update delete revoke" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and not __fish_seen_subcommand_from list show create update delete revoke" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and not __fish_seen_subcommand_from list show create update delete revoke" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and not __fish_seen_subcommand_from list show create update delete revoke" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and not __fish_seen_subcommand_from list show create update delete revoke" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and not __fish_seen_subcommand_from list show create update delete revoke" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and not __fish_seen_subcommand_from list show create update delete revoke" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and not __fish_seen_subcommand_from list show create update delete revoke" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and not __fish_seen_subcommand_from list show create update delete revoke" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and not __fish_seen_subcommand_from list show create update delete revoke" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and not __fish_seen_subcommand_from list show create update delete revoke" -f -a "list" -d 'List publisher keys'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and not __fish_seen_subcommand_from list show create update delete revoke" -f -a "show" -d 'Show one'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and not __fish_seen_subcommand_from list show create update delete revoke" -f -a "create" -d 'Create one'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and not __fish_seen_subcommand_from list show create update delete revoke" -f -a "update" -d 'Change fields of one'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and not __fish_seen_subcommand_from list show create update delete revoke" -f -a "delete" -d 'Delete one, with all that it is composed of'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and not __fish_seen_subcommand_from list show create update delete revoke" -f -a "revoke" -d 'Have one sign nothing new; what it signed stays'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from list" -l user -d 'The user that it belongs to, by name or id [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from list" -l per-page -d 'Entries on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from list" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from list" -l text -d 'Only those with these words, or starts of words, in their texts' -r
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from list" -l all -d 'All pages'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from show" -l user -d 'The user that it belongs to, by name or id [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from create" -l user -d 'The user that it belongs to, by name or id [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from create" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from create" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from create" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from create" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from create" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from create" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from create" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from create" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from update" -l user -d 'The user that it belongs to, by name or id [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from update" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from update" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from update" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from update" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from update" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from update" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from update" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from update" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from update" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from update" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from delete" -l user -d 'The user that it belongs to, by name or id [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from delete" -l force -d 'Even if people lose rights with it'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from revoke" -l user -d 'The user that it belongs to, by name or id [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from revoke" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from revoke" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from revoke" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from revoke" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from revoke" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from revoke" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from revoke" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from revoke" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from revoke" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from revoke" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand publisher-key; and __fish_seen_subcommand_from revoke" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand role; and not __fish_seen_subcommand_from list show create update delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand role; and not __fish_seen_subcommand_from list show create update delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand role; and not __fish_seen_subcommand_from list show create update delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand role; and not __fish_seen_subcommand_from list show create update delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand role; and not __fish_seen_subcommand_from list show create update delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand role; and not __fish_seen_subcommand_from list show create update delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand role; and not __fish_seen_subcommand_from list show create update delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand role; and not __fish_seen_subcommand_from list show create update delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand role; and not __fish_seen_subcommand_from list show create update delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand role; and not __fish_seen_subcommand_from list show create update delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand role; and not __fish_seen_subcommand_from list show create update delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand role; and not __fish_seen_subcommand_from list show create update delete" -f -a "list" -d 'List roles'
complete -c mkt -n "__fish_mkt_using_subcommand role; and not __fish_seen_subcommand_from list show create update delete" -f -a "show" -d 'Show one'
complete -c mkt -n "__fish_mkt_using_subcommand role; and not __fish_seen_subcommand_from list show create update delete" -f -a "create" -d 'Create one'
complete -c mkt -n "__fish_mkt_using_subcommand role; and not __fish_seen_subcommand_from list show create update delete" -f -a "update" -d 'Change fields of one'
complete -c mkt -n "__fish_mkt_using_subcommand role; and not __fish_seen_subcommand_from list show create update delete" -f -a "delete" -d 'Delete one, with all that it is composed of'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from list" -l per-page -d 'Entries on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from list" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from list" -l text -d 'Only those with these words, or starts of words, in their texts' -r
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from list" -l all -d 'All pages'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from create" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from create" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from create" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from create" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from create" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from create" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from create" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from create" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from update" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from update" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from update" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from update" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from update" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from update" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from update" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from update" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from update" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from update" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from delete" -l force -d 'Even if people lose rights with it'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand role; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and not __fish_seen_subcommand_from list show create update delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and not __fish_seen_subcommand_from list show create update delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and not __fish_seen_subcommand_from list show create update delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and not __fish_seen_subcommand_from list show create update delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and not __fish_seen_subcommand_from list show create update delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and not __fish_seen_subcommand_from list show create update delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and not __fish_seen_subcommand_from list show create update delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and not __fish_seen_subcommand_from list show create update delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and not __fish_seen_subcommand_from list show create update delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and not __fish_seen_subcommand_from list show create update delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and not __fish_seen_subcommand_from list show create update delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and not __fish_seen_subcommand_from list show create update delete" -f -a "list" -d 'List screenshots'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and not __fish_seen_subcommand_from list show create update delete" -f -a "show" -d 'Show one'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and not __fish_seen_subcommand_from list show create update delete" -f -a "create" -d 'Create one'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and not __fish_seen_subcommand_from list show create update delete" -f -a "update" -d 'Change fields of one'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and not __fish_seen_subcommand_from list show create update delete" -f -a "delete" -d 'Delete one, with all that it is composed of'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from list" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from list" -l per-page -d 'Entries on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from list" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from list" -l text -d 'Only those with these words, or starts of words, in their texts' -r
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from list" -l all -d 'All pages'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from show" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from create" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from create" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from create" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from create" -l upload -d 'Send a file for one of: image. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from create" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from create" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from create" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from create" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from create" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from update" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from update" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from update" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from update" -l upload -d 'Send a file for one of: image. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from update" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from update" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from update" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from update" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from update" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from update" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from update" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from delete" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from delete" -l force -d 'Even if people lose rights with it'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand screenshot; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and not __fish_seen_subcommand_from list show create update delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and not __fish_seen_subcommand_from list show create update delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and not __fish_seen_subcommand_from list show create update delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and not __fish_seen_subcommand_from list show create update delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and not __fish_seen_subcommand_from list show create update delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and not __fish_seen_subcommand_from list show create update delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and not __fish_seen_subcommand_from list show create update delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and not __fish_seen_subcommand_from list show create update delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and not __fish_seen_subcommand_from list show create update delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and not __fish_seen_subcommand_from list show create update delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and not __fish_seen_subcommand_from list show create update delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and not __fish_seen_subcommand_from list show create update delete" -f -a "list" -d 'List sub products'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and not __fish_seen_subcommand_from list show create update delete" -f -a "show" -d 'Show one'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and not __fish_seen_subcommand_from list show create update delete" -f -a "create" -d 'Create one'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and not __fish_seen_subcommand_from list show create update delete" -f -a "update" -d 'Change fields of one'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and not __fish_seen_subcommand_from list show create update delete" -f -a "delete" -d 'Delete one, with all that it is composed of'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from list" -l per-page -d 'Entries on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from list" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from list" -l text -d 'Only those with these words, or starts of words, in their texts' -r
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from list" -l all -d 'All pages'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from create" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from create" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from create" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from create" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from create" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from create" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from create" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from create" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from update" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from update" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from update" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from update" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from update" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from update" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from update" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from update" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from update" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from update" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from delete" -l force -d 'Even if people lose rights with it'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand sub-product; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and not __fish_seen_subcommand_from list show create update delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and not __fish_seen_subcommand_from list show create update delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and not __fish_seen_subcommand_from list show create update delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and not __fish_seen_subcommand_from list show create update delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and not __fish_seen_subcommand_from list show create update delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and not __fish_seen_subcommand_from list show create update delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and not __fish_seen_subcommand_from list show create update delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and not __fish_seen_subcommand_from list show create update delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and not __fish_seen_subcommand_from list show create update delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and not __fish_seen_subcommand_from list show create update delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and not __fish_seen_subcommand_from list show create update delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and not __fish_seen_subcommand_from list show create update delete" -f -a "list" -d 'List surrogates'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and not __fish_seen_subcommand_from list show create update delete" -f -a "show" -d 'Show one'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and not __fish_seen_subcommand_from list show create update delete" -f -a "create" -d 'Create one'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and not __fish_seen_subcommand_from list show create update delete" -f -a "update" -d 'Change fields of one'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and not __fish_seen_subcommand_from list show create update delete" -f -a "delete" -d 'Delete one, with all that it is composed of'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from list" -l interface -d 'The interface that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from list" -l per-page -d 'Entries on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from list" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from list" -l text -d 'Only those with these words, or starts of words, in their texts' -r
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from list" -l all -d 'All pages'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from show" -l interface -d 'The interface that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from create" -l interface -d 'The interface that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from create" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from create" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from create" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from create" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from create" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from create" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from create" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from create" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from update" -l interface -d 'The interface that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from update" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from update" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from update" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from update" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from update" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from update" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from update" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from update" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from update" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from update" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from delete" -l interface -d 'The interface that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from delete" -l force -d 'Even if people lose rights with it'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand surrogate; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand task; and not __fish_seen_subcommand_from list show create update delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and not __fish_seen_subcommand_from list show create update delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and not __fish_seen_subcommand_from list show create update delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand task; and not __fish_seen_subcommand_from list show create update delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand task; and not __fish_seen_subcommand_from list show create update delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand task; and not __fish_seen_subcommand_from list show create update delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand task; and not __fish_seen_subcommand_from list show create update delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand task; and not __fish_seen_subcommand_from list show create update delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand task; and not __fish_seen_subcommand_from list show create update delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand task; and not __fish_seen_subcommand_from list show create update delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand task; and not __fish_seen_subcommand_from list show create update delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand task; and not __fish_seen_subcommand_from list show create update delete" -f -a "list" -d 'List tasks'
complete -c mkt -n "__fish_mkt_using_subcommand task; and not __fish_seen_subcommand_from list show create update delete" -f -a "show" -d 'Show one'
complete -c mkt -n "__fish_mkt_using_subcommand task; and not __fish_seen_subcommand_from list show create update delete" -f -a "create" -d 'Create one'
complete -c mkt -n "__fish_mkt_using_subcommand task; and not __fish_seen_subcommand_from list show create update delete" -f -a "update" -d 'Change fields of one'
complete -c mkt -n "__fish_mkt_using_subcommand task; and not __fish_seen_subcommand_from list show create update delete" -f -a "delete" -d 'Delete one, with all that it is composed of'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from list" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from list" -l build -d 'The build that it belongs to, by version or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from list" -l configuration -d 'The configuration that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from list" -l per-page -d 'Entries on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from list" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from list" -l text -d 'Only those with these words, or starts of words, in their texts' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from list" -l all -d 'All pages'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from show" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from show" -l build -d 'The build that it belongs to, by version or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from show" -l configuration -d 'The configuration that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from create" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from create" -l build -d 'The build that it belongs to, by version or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from create" -l configuration -d 'The configuration that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from create" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from create" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from create" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from create" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from create" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from create" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from create" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from create" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from update" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from update" -l build -d 'The build that it belongs to, by version or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from update" -l configuration -d 'The configuration that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from update" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from update" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from update" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from update" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from update" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from update" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from update" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from update" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from update" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from update" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from delete" -l product -d 'The product that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from delete" -l build -d 'The build that it belongs to, by version or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from delete" -l configuration -d 'The configuration that it belongs to, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from delete" -l force -d 'Even if people lose rights with it'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand task; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand token; and not __fish_seen_subcommand_from list show create update delete revoke rotate" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and not __fish_seen_subcommand_from list show create update delete revoke rotate" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and not __fish_seen_subcommand_from list show create update delete revoke rotate" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand token; and not __fish_seen_subcommand_from list show create update delete revoke rotate" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand token; and not __fish_seen_subcommand_from list show create update delete revoke rotate" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand token; and not __fish_seen_subcommand_from list show create update delete revoke rotate" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand token; and not __fish_seen_subcommand_from list show create update delete revoke rotate" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand token; and not __fish_seen_subcommand_from list show create update delete revoke rotate" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand token; and not __fish_seen_subcommand_from list show create update delete revoke rotate" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand token; and not __fish_seen_subcommand_from list show create update delete revoke rotate" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand token; and not __fish_seen_subcommand_from list show create update delete revoke rotate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand token; and not __fish_seen_subcommand_from list show create update delete revoke rotate" -f -a "list" -d 'List tokens'
complete -c mkt -n "__fish_mkt_using_subcommand token; and not __fish_seen_subcommand_from list show create update delete revoke rotate" -f -a "show" -d 'Show one'
complete -c mkt -n "__fish_mkt_using_subcommand token; and not __fish_seen_subcommand_from list show create update delete revoke rotate" -f -a "create" -d 'Create one'
complete -c mkt -n "__fish_mkt_using_subcommand token; and not __fish_seen_subcommand_from list show create update delete revoke rotate" -f -a "update" -d 'Change fields of one'
complete -c mkt -n "__fish_mkt_using_subcommand token; and not __fish_seen_subcommand_from list show create update delete revoke rotate" -f -a "delete" -d 'Delete one, with all that it is composed of'
complete -c mkt -n "__fish_mkt_using_subcommand token; and not __fish_seen_subcommand_from list show create update delete revoke rotate" -f -a "revoke" -d 'End one at once, without being asked'
complete -c mkt -n "__fish_mkt_using_subcommand token; and not __fish_seen_subcommand_from list show create update delete revoke rotate" -f -a "rotate" -d 'Replace the secret of one; the old one ends at once'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from list" -l user -d 'The user that it belongs to, by name or id [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from list" -l per-page -d 'Entries on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from list" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from list" -l text -d 'Only those with these words, or starts of words, in their texts' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from list" -l all -d 'All pages'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from show" -l user -d 'The user that it belongs to, by name or id [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from create" -l user -d 'The user that it belongs to, by name or id [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from create" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from create" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from create" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from create" -l expires -d 'When it ends: after a span such as 30d, or at a time such as 2027-01-31 [default: 90d]' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from create" -l scope -d 'What it may be used for, such as products.read; may be repeated [default: all that its user may do]' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from create" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from create" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from create" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from create" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from create" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from update" -l user -d 'The user that it belongs to, by name or id [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from update" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from update" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from update" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from update" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from update" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from update" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from update" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from update" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from update" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from update" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from delete" -l user -d 'The user that it belongs to, by name or id [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from delete" -l force -d 'Even if people lose rights with it'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from revoke" -l user -d 'The user that it belongs to, by name or id [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from revoke" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from revoke" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from revoke" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from revoke" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from revoke" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from revoke" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from revoke" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from revoke" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from revoke" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from revoke" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from revoke" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from rotate" -l user -d 'The user that it belongs to, by name or id [default: you]' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from rotate" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from rotate" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from rotate" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from rotate" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from rotate" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from rotate" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from rotate" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from rotate" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from rotate" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from rotate" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand token; and __fish_seen_subcommand_from rotate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand user; and not __fish_seen_subcommand_from list show create update delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand user; and not __fish_seen_subcommand_from list show create update delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand user; and not __fish_seen_subcommand_from list show create update delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand user; and not __fish_seen_subcommand_from list show create update delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand user; and not __fish_seen_subcommand_from list show create update delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand user; and not __fish_seen_subcommand_from list show create update delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand user; and not __fish_seen_subcommand_from list show create update delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand user; and not __fish_seen_subcommand_from list show create update delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand user; and not __fish_seen_subcommand_from list show create update delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand user; and not __fish_seen_subcommand_from list show create update delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand user; and not __fish_seen_subcommand_from list show create update delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand user; and not __fish_seen_subcommand_from list show create update delete" -f -a "list" -d 'List users'
complete -c mkt -n "__fish_mkt_using_subcommand user; and not __fish_seen_subcommand_from list show create update delete" -f -a "show" -d 'Show one'
complete -c mkt -n "__fish_mkt_using_subcommand user; and not __fish_seen_subcommand_from list show create update delete" -f -a "create" -d 'Create one'
complete -c mkt -n "__fish_mkt_using_subcommand user; and not __fish_seen_subcommand_from list show create update delete" -f -a "update" -d 'Change fields of one'
complete -c mkt -n "__fish_mkt_using_subcommand user; and not __fish_seen_subcommand_from list show create update delete" -f -a "delete" -d 'Delete one, with all that it is composed of'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from list" -l per-page -d 'Entries on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from list" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from list" -l text -d 'Only those with these words, or starts of words, in their texts' -r
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from list" -l all -d 'All pages'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from create" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from create" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from create" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from create" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from create" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from create" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from create" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from create" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from update" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from update" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from update" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from update" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from update" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from update" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from update" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from update" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from update" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from update" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from delete" -l force -d 'Even if people lose rights with it'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand user; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and not __fish_seen_subcommand_from list show create update delete issue redeem" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and not __fish_seen_subcommand_from list show create update delete issue redeem" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and not __fish_seen_subcommand_from list show create update delete issue redeem" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and not __fish_seen_subcommand_from list show create update delete issue redeem" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and not __fish_seen_subcommand_from list show create update delete issue redeem" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and not __fish_seen_subcommand_from list show create update delete issue redeem" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and not __fish_seen_subcommand_from list show create update delete issue redeem" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and not __fish_seen_subcommand_from list show create update delete issue redeem" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and not __fish_seen_subcommand_from list show create update delete issue redeem" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and not __fish_seen_subcommand_from list show create update delete issue redeem" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and not __fish_seen_subcommand_from list show create update delete issue redeem" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and not __fish_seen_subcommand_from list show create update delete issue redeem" -f -a "list" -d 'List vouchers'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and not __fish_seen_subcommand_from list show create update delete issue redeem" -f -a "show" -d 'Show one'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and not __fish_seen_subcommand_from list show create update delete issue redeem" -f -a "create" -d 'Create one'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and not __fish_seen_subcommand_from list show create update delete issue redeem" -f -a "update" -d 'Change fields of one'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and not __fish_seen_subcommand_from list show create update delete issue redeem" -f -a "delete" -d 'Delete one, with all that it is composed of'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and not __fish_seen_subcommand_from list show create update delete issue redeem" -f -a "issue" -d 'Make one or many for an offer, with codes of their own'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and not __fish_seen_subcommand_from list show create update delete issue redeem" -f -a "redeem" -d 'Turn a code into an entitlement, for yourself or as a gift'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from list" -l page -d 'The page, from 1' -r
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from list" -l per-page -d 'Entries on a page' -r
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from list" -l sort -d 'The field to sort by' -r
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from list" -l where -d 'Only those whose field has this value; may be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from list" -l text -d 'Only those with these words, or starts of words, in their texts' -r
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from list" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from list" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from list" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from list" -l all -d 'All pages'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from list" -l descending -d 'In descending order'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from list" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from show" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from show" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from show" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from show" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from create" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from create" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from create" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from create" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from create" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from create" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from create" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from create" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from update" -l set -d 'Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from update" -l file -d 'A file with a JSON object of fields, - for the standard input; what is --set besides counts' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from update" -l upload -d 'Send a file for one of: . May be repeated' -r
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from update" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from update" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from update" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from update" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from update" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from update" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from update" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from delete" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from delete" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from delete" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from delete" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from delete" -l force -d 'Even if people lose rights with it'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from delete" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from delete" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from delete" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from issue" -l product -d 'The product of the offer, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from issue" -l license -d 'The licence of the offer, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from issue" -l count -d 'How many' -r
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from issue" -l expires-at -d 'Until when they can be redeemed, such as 2027-01-31' -r
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from issue" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from issue" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from issue" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from issue" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from issue" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from issue" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from issue" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from issue" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from issue" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from issue" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from issue" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from redeem" -l user -d 'Give the entitlement to another user, by name or id' -r
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from redeem" -l server -d 'The marketplace\'s address [default: that of the profile, else http://127.0.0.1:3000]' -r
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from redeem" -l profile -d 'The profile to use, of those in mkt profile list [default: the one chosen with mkt profile use]' -r
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from redeem" -l token-file -d 'A file with the token to sign in with; MKT_TOKEN holds the token itself [default: that of mkt login]' -r -F
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from redeem" -l output -d 'How to print data' -r -f -a "table\t'For people'
json\t'As the API has it'
yaml\t'The same, as YAML'
csv\t'Comma-separated values, a line each; nested ones as JSON'
id\t'Ids only'"
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from redeem" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from redeem" -l claim -d 'Claim the entitlement for yourself, too, so that products find it'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from redeem" -l json -d 'Short for --output json'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from redeem" -s q -l quiet -d 'Print data and errors only'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from redeem" -l verbose -d 'Print more of what happens'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from redeem" -l no-input -d 'Never ask'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from redeem" -s y -l yes -d 'Answer yes to all that would be asked'
complete -c mkt -n "__fish_mkt_using_subcommand voucher; and __fish_seen_subcommand_from redeem" -s h -l help -d 'Print help (see more with \'--help\')'
