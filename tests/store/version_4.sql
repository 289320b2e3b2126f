BEGIN TRANSACTION;
CREATE TABLE answers (
	"key" TEXT NOT NULL, 
	answer BLOB NOT NULL, 
	made_at BIGINT NOT NULL, 
	PRIMARY KEY ("key")
)
 WITHOUT ROWID

;
CREATE TABLE artifacts (
	run INTEGER NOT NULL, 
	path TEXT NOT NULL, 
	sha256 TEXT NOT NULL, 
	size BIGINT, 
	media_type TEXT NOT NULL, 
	derived_from TEXT, 
	PRIMARY KEY (run, path), 
	FOREIGN KEY(run) REFERENCES runs (id)
)
 WITHOUT ROWID

;
CREATE TABLE assessment_history (
	trace INTEGER NOT NULL, 
	assessment_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	content TEXT NOT NULL, 
	action TEXT NOT NULL, 
	action_time BIGINT NOT NULL, 
	action_source TEXT, 
	PRIMARY KEY (trace, assessment_id, position), 
	FOREIGN KEY(trace) REFERENCES traces (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE TABLE assessments (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	trace INTEGER NOT NULL, 
	assessment_id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	name TEXT NOT NULL, 
	valid BOOLEAN NOT NULL, 
	overrides TEXT, 
	number DOUBLE, 
	word TEXT, 
	content TEXT NOT NULL, 
	action TEXT NOT NULL, 
	action_time BIGINT NOT NULL, 
	action_source TEXT, 
	UNIQUE (trace, assessment_id), 
	FOREIGN KEY(trace) REFERENCES traces (id) ON DELETE CASCADE
);
INSERT INTO "assessments" VALUES(1,1,'a-eb5b7788339346b6a440bc0511a5922d','feedback','polite',1,NULL,1.0,'true','{"name":"polite","value":true,"source":{"source_type":"LLM_JUDGE","source_id":"m"},"trace_id":"tr-00000000000000000000000000000000","assessment_id":"a-eb5b7788339346b6a440bc0511a5922d","metadata":{"steelyard.scorer.version":"1"},"create_time_ms":1795283136847,"last_update_time_ms":1795283136847}','created',1795283136894,NULL);
INSERT INTO "assessments" VALUES(2,1,'a-55ef5ea615bc44949d2b6d4c2bffb4ec','feedback','tone',1,NULL,NULL,'warm','{"name":"tone","value":"warm","source":{"source_type":"HUMAN","source_id":"ada"},"trace_id":"tr-00000000000000000000000000000000","assessment_id":"a-55ef5ea615bc44949d2b6d4c2bffb4ec","create_time_ms":1795283136847,"last_update_time_ms":1795283136847}','created',1795283136894,NULL);
INSERT INTO "assessments" VALUES(3,2,'a-7cf0a89cb0024ed49f2d747ec214a97f','feedback','polite',1,NULL,0.0,'false','{"name":"polite","value":false,"source":{"source_type":"LLM_JUDGE","source_id":"m"},"trace_id":"tr-00000000000000000000000000000001","assessment_id":"a-7cf0a89cb0024ed49f2d747ec214a97f","metadata":{"steelyard.scorer.version":"1"},"create_time_ms":1795283136847,"last_update_time_ms":1795283136847}','created',1795283136894,NULL);
INSERT INTO "assessments" VALUES(4,2,'a-3f590eed0ee84b99b6d479e431229756','feedback','tone',1,NULL,NULL,'warm','{"name":"tone","value":"warm","source":{"source_type":"HUMAN","source_id":"ada"},"trace_id":"tr-00000000000000000000000000000001","assessment_id":"a-3f590eed0ee84b99b6d479e431229756","create_time_ms":1795283136847,"last_update_time_ms":1795283136847}','created',1795283136894,NULL);
INSERT INTO "assessments" VALUES(5,3,'a-f77fabb2255543f5975d775afc926fad','feedback','polite',1,NULL,1.0,'true','{"name":"polite","value":true,"source":{"source_type":"LLM_JUDGE","source_id":"m"},"trace_id":"tr-00000000000000000000000000000002","assessment_id":"a-f77fabb2255543f5975d775afc926fad","metadata":{"steelyard.scorer.version":"1"},"create_time_ms":1795283136847,"last_update_time_ms":1795283136847}','created',1795283136894,NULL);
INSERT INTO "assessments" VALUES(6,3,'a-b82fb6f616f54870b60e2b1649fd41ff','feedback','tone',1,NULL,NULL,'warm','{"name":"tone","value":"warm","source":{"source_type":"HUMAN","source_id":"ada"},"trace_id":"tr-00000000000000000000000000000002","assessment_id":"a-b82fb6f616f54870b60e2b1649fd41ff","create_time_ms":1795283136847,"last_update_time_ms":1795283136847}','created',1795283136894,NULL);
CREATE TABLE dataset_contents (
	dataset INTEGER NOT NULL, 
	number BIGINT NOT NULL, 
	record_id TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	inputs TEXT NOT NULL, 
	outputs TEXT, 
	expectations TEXT NOT NULL, 
	tags TEXT NOT NULL, 
	source TEXT NOT NULL, 
	PRIMARY KEY (dataset, number), 
	UNIQUE (dataset, digest), 
	FOREIGN KEY(dataset) REFERENCES evaluation_datasets (id)
);
INSERT INTO "dataset_contents" VALUES(1,0,'dr-42dd3318c636f2e19305546d3182e8af','adcf6e441be7b406da5b063e7fc2bcf99ae611f3a3c642d69588836f5cc8134b','{"q":"France"}','"Paris"','{}','{}','["CODE",{}]');
CREATE TABLE dataset_members (
	dataset INTEGER NOT NULL, 
	position BIGINT NOT NULL, 
	since INTEGER NOT NULL, 
	until INTEGER NOT NULL, 
	content BIGINT NOT NULL, 
	born INTEGER NOT NULL, 
	PRIMARY KEY (dataset, position, since), 
	FOREIGN KEY(dataset, content) REFERENCES dataset_contents (dataset, number)
)
 WITHOUT ROWID

;
INSERT INTO "dataset_members" VALUES(1,0,1,2147483647,0,1);
CREATE TABLE dataset_parts (
	dataset INTEGER NOT NULL, 
	sha256 TEXT NOT NULL, 
	size BIGINT NOT NULL, 
	put_time BIGINT NOT NULL, 
	PRIMARY KEY (dataset, sha256), 
	FOREIGN KEY(dataset) REFERENCES evaluation_datasets (id)
)
 WITHOUT ROWID

;
CREATE TABLE dataset_schemas (
	dataset INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	inputs TEXT, 
	outputs TEXT, 
	expectations TEXT, 
	version INTEGER NOT NULL, 
	created_by TEXT NOT NULL, 
	created_time BIGINT NOT NULL, 
	PRIMARY KEY (dataset, number), 
	FOREIGN KEY(dataset) REFERENCES evaluation_datasets (id)
)
 WITHOUT ROWID

;
CREATE TABLE dataset_statements (
	dataset INTEGER NOT NULL, 
	record_id TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	name TEXT NOT NULL, 
	value TEXT, 
	"by" TEXT NOT NULL, 
	source_type TEXT NOT NULL, 
	trace_id TEXT, 
	time BIGINT NOT NULL, 
	version INTEGER NOT NULL, 
	PRIMARY KEY (dataset, record_id, digest), 
	FOREIGN KEY(dataset) REFERENCES evaluation_datasets (id)
)
 WITHOUT ROWID

;
CREATE TABLE dataset_tables (
	dataset INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	told TEXT NOT NULL, 
	PRIMARY KEY (dataset, version), 
	FOREIGN KEY(dataset) REFERENCES evaluation_datasets (id)
)
 WITHOUT ROWID

;
CREATE TABLE dataset_versions (
	dataset INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	digest TEXT NOT NULL, 
	n_records BIGINT NOT NULL, 
	parent INTEGER, 
	inserted BIGINT NOT NULL, 
	updated BIGINT NOT NULL, 
	deleted BIGINT NOT NULL, 
	message TEXT NOT NULL, 
	restored INTEGER, 
	created_by TEXT NOT NULL, 
	created_time BIGINT NOT NULL, 
	PRIMARY KEY (dataset, number), 
	FOREIGN KEY(dataset) REFERENCES evaluation_datasets (id)
)
 WITHOUT ROWID

;
INSERT INTO "dataset_versions" VALUES(1,0,'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',0,NULL,0,0,0,'',NULL,'root',1795283136952);
INSERT INTO "dataset_versions" VALUES(1,1,'fce9d54724ac580a7a8bbc979ff5382435501e7fcd19a74a664f7c3bd2f5659e',1,0,1,0,0,'',NULL,'root',1795283136996);
CREATE TABLE datasets (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	source_type TEXT NOT NULL, 
	source TEXT NOT NULL, 
	schema TEXT NOT NULL, 
	profile TEXT NOT NULL, 
	content TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (content)
);
CREATE TABLE estimates (
	run INTEGER NOT NULL, 
	metric TEXT NOT NULL, 
	slice TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	value DOUBLE, 
	n BIGINT NOT NULL, 
	missing BIGINT NOT NULL, 
	se DOUBLE, 
	low DOUBLE, 
	high DOUBLE, 
	confidence DOUBLE NOT NULL, 
	method TEXT NOT NULL, 
	worst DOUBLE, 
	best DOUBLE, 
	PRIMARY KEY (run, metric, slice), 
	FOREIGN KEY(run) REFERENCES runs (id)
)
 WITHOUT ROWID

;
CREATE TABLE evaluation_dataset_experiments (
	dataset INTEGER NOT NULL, 
	experiment INTEGER NOT NULL, 
	PRIMARY KEY (dataset, experiment), 
	FOREIGN KEY(dataset) REFERENCES evaluation_datasets (id), 
	FOREIGN KEY(experiment) REFERENCES experiments (id)
)
 WITHOUT ROWID

;
INSERT INTO "evaluation_dataset_experiments" VALUES(1,0);
CREATE TABLE evaluation_dataset_tags (
	dataset INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (dataset, "key"), 
	FOREIGN KEY(dataset) REFERENCES evaluation_datasets (id)
)
 WITHOUT ROWID

;
CREATE TABLE evaluation_datasets (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	dataset_id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	next_position BIGINT NOT NULL, 
	next_content BIGINT NOT NULL, 
	created_by TEXT NOT NULL, 
	created_time BIGINT NOT NULL, 
	last_updated_by TEXT NOT NULL, 
	last_update_time BIGINT NOT NULL, 
	UNIQUE (dataset_id), 
	UNIQUE (name)
);
INSERT INTO "evaluation_datasets" VALUES(1,'d-87182e75941f484394c367ce9c411631','capitals',1,1,1,'root',1795283136952,'root',1795283136996);
CREATE TABLE experiment_tags (
	experiment INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (experiment, "key"), 
	FOREIGN KEY(experiment) REFERENCES experiments (id)
)
 WITHOUT ROWID

;
CREATE TABLE experiments (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name TEXT NOT NULL, 
	lifecycle TEXT DEFAULT 'active' NOT NULL, 
	creation_time BIGINT NOT NULL, 
	last_update_time BIGINT NOT NULL, 
	deleted_time BIGINT, 
	UNIQUE (name)
);
INSERT INTO "experiments" VALUES(0,'Default','active',1795283136679,1795283136679,NULL);
CREATE TABLE inputs (
	run INTEGER NOT NULL, 
	dataset INTEGER NOT NULL, 
	context TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	PRIMARY KEY (run, dataset, context), 
	FOREIGN KEY(run) REFERENCES runs (id), 
	FOREIGN KEY(dataset) REFERENCES datasets (id)
)
 WITHOUT ROWID

;
CREATE TABLE label_schemas (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	schema_id TEXT NOT NULL, 
	experiment INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	input TEXT NOT NULL, 
	instruction TEXT NOT NULL, 
	enable_comment BOOLEAN NOT NULL, 
	version INTEGER NOT NULL, 
	version_by TEXT NOT NULL, 
	created_by TEXT NOT NULL, 
	created_time BIGINT NOT NULL, 
	last_updated_by TEXT NOT NULL, 
	last_update_time BIGINT NOT NULL, 
	UNIQUE (experiment, name), 
	UNIQUE (schema_id), 
	FOREIGN KEY(experiment) REFERENCES experiments (id)
);
INSERT INTO "label_schemas" VALUES(1,'ls-2105485acda5449cbfaef1e4c3030276',0,'polite','feedback','{"kind":"pass_fail","positive_label":"Pass","negative_label":"Fail"}','',0,1,'','',1795283137020,'',1795283137020);
CREATE TABLE latest_metrics (
	run INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	value DOUBLE, 
	step BIGINT NOT NULL, 
	timestamp BIGINT NOT NULL, 
	PRIMARY KEY (run, "key"), 
	FOREIGN KEY(run) REFERENCES runs (id)
)
 WITHOUT ROWID

;
CREATE TABLE ledger_scorers (
	ledger INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	planned BIGINT DEFAULT '0' NOT NULL CHECK (planned >= 0), 
	pending BIGINT DEFAULT '0' NOT NULL CHECK (pending >= 0), 
	scored BIGINT DEFAULT '0' NOT NULL CHECK (scored >= 0), 
	scorer_error BIGINT DEFAULT '0' NOT NULL CHECK (scorer_error >= 0), 
	parse_error BIGINT DEFAULT '0' NOT NULL CHECK (parse_error >= 0), 
	refused BIGINT DEFAULT '0' NOT NULL CHECK (refused >= 0), 
	predict_failed BIGINT DEFAULT '0' NOT NULL CHECK (predict_failed >= 0), 
	over_budget BIGINT DEFAULT '0' NOT NULL CHECK (over_budget >= 0), 
	PRIMARY KEY (ledger, number), 
	CONSTRAINT outcomes_add_up CHECK (pending + scored + scorer_error + parse_error + refused + predict_failed + over_budget = planned), 
	FOREIGN KEY(ledger) REFERENCES ledgers (run) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE TABLE ledgers (
	run INTEGER NOT NULL, 
	data_digest TEXT NOT NULL, 
	predict_digest TEXT NOT NULL, 
	rows BIGINT NOT NULL, 
	repeats BIGINT NOT NULL, 
	owner TEXT NOT NULL, 
	heartbeat BIGINT NOT NULL, 
	finished BOOLEAN NOT NULL, 
	predicted BIGINT DEFAULT '0' NOT NULL CHECK (predicted >= 0), 
	predict_failed BIGINT DEFAULT '0' NOT NULL CHECK (predict_failed >= 0), 
	over_budget BIGINT DEFAULT '0' NOT NULL CHECK (over_budget >= 0), 
	input_tokens BIGINT DEFAULT '0' NOT NULL CHECK (input_tokens >= 0), 
	output_tokens BIGINT DEFAULT '0' NOT NULL CHECK (output_tokens >= 0), 
	cache_read_tokens BIGINT DEFAULT '0' NOT NULL CHECK (cache_read_tokens >= 0), 
	cache_write_tokens BIGINT DEFAULT '0' NOT NULL CHECK (cache_write_tokens >= 0), 
	reasoning_tokens BIGINT DEFAULT '0' NOT NULL CHECK (reasoning_tokens >= 0), 
	cost DOUBLE, 
	PRIMARY KEY (run), 
	CONSTRAINT no_more_than_planned CHECK (predicted + predict_failed + over_budget <= rows * repeats), 
	FOREIGN KEY(run) REFERENCES runs (id)
);
CREATE TABLE metrics (
	run INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	step BIGINT NOT NULL, 
	timestamp BIGINT NOT NULL, 
	value DOUBLE NOT NULL, 
	is_nan BOOLEAN NOT NULL, 
	PRIMARY KEY (run, "key", step, timestamp, value, is_nan), 
	FOREIGN KEY(run) REFERENCES runs (id)
)
 WITHOUT ROWID

;
CREATE TABLE models (
	id INTEGER NOT NULL, 
	model_id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	run INTEGER NOT NULL, 
	experiment INTEGER NOT NULL, 
	artifact_path TEXT NOT NULL, 
	flavor TEXT NOT NULL, 
	status TEXT NOT NULL, 
	creation_timestamp BIGINT NOT NULL, 
	params TEXT NOT NULL, 
	tags TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (model_id), 
	FOREIGN KEY(run) REFERENCES runs (id), 
	FOREIGN KEY(experiment) REFERENCES experiments (id)
);
CREATE TABLE params (
	run INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (run, "key"), 
	FOREIGN KEY(run) REFERENCES runs (id)
)
 WITHOUT ROWID

;
CREATE TABLE predictions (
	ledger INTEGER NOT NULL, 
	"row" BIGINT NOT NULL CHECK ("row" >= 0), 
	repeat INTEGER NOT NULL CHECK (repeat >= 0), 
	outcome TEXT NOT NULL, 
	row_id TEXT NOT NULL, 
	trace_id TEXT, 
	output TEXT, 
	error TEXT NOT NULL, 
	latency DOUBLE, 
	usage TEXT, 
	PRIMARY KEY (ledger, "row", repeat), 
	UNIQUE (ledger, "row", repeat, outcome), 
	CONSTRAINT known_outcome CHECK (outcome IN ('predicted', 'predict_failed', 'over_budget')), 
	FOREIGN KEY(ledger) REFERENCES ledgers (run) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE TABLE registered_scorers (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	experiment INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	last_version INTEGER NOT NULL, 
	UNIQUE (experiment, name), 
	FOREIGN KEY(experiment) REFERENCES experiments (id)
);
INSERT INTO "registered_scorers" VALUES(1,0,'polite',1);
CREATE TABLE review_answers (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	item INTEGER NOT NULL, 
	reviewer TEXT NOT NULL, 
	decides BOOLEAN NOT NULL, 
	kind TEXT NOT NULL, 
	labels TEXT NOT NULL, 
	comment TEXT NOT NULL, 
	submission_id TEXT NOT NULL, 
	seconds DOUBLE NOT NULL, 
	swapped BOOLEAN NOT NULL, 
	assessment_ids TEXT NOT NULL, 
	time BIGINT NOT NULL, 
	UNIQUE (item, reviewer, decides), 
	FOREIGN KEY(item) REFERENCES review_items (id) ON DELETE CASCADE
);
CREATE TABLE review_items (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	item_id TEXT NOT NULL, 
	queue INTEGER NOT NULL, 
	position BIGINT NOT NULL, 
	subject TEXT NOT NULL, 
	trace_id TEXT NOT NULL, 
	other_trace_id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	other_name TEXT NOT NULL, 
	assigned_to TEXT NOT NULL, 
	propensity DOUBLE, 
	stratum TEXT NOT NULL, 
	population BIGINT NOT NULL, 
	asked_for INTEGER, 
	needed INTEGER NOT NULL, 
	answers INTEGER NOT NULL, 
	said_by TEXT NOT NULL, 
	status TEXT NOT NULL, 
	decreed TEXT NOT NULL, 
	flagged BOOLEAN NOT NULL, 
	disputed BOOLEAN NOT NULL, 
	reason TEXT NOT NULL, 
	created_time BIGINT NOT NULL, 
	last_update_time BIGINT NOT NULL, 
	UNIQUE (queue, subject), 
	UNIQUE (queue, position), 
	UNIQUE (item_id), 
	FOREIGN KEY(queue) REFERENCES review_queues (id) ON DELETE CASCADE
);
INSERT INTO "review_items" VALUES(1,'ri-dbcaa91188d9479f9a4be6a07c4a0a3e',1,0,'e006797bd125f00c426e6f565e7bc7e0','tr-00000000000000000000000000000000','','','','',NULL,'',0,NULL,1,0,'','pending','',0,0,'',1795283137152,1795283137152);
CREATE TABLE review_queue_schemas (
	queue INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	schema INTEGER NOT NULL, 
	PRIMARY KEY (queue, position), 
	UNIQUE (queue, schema), 
	FOREIGN KEY(queue) REFERENCES review_queues (id) ON DELETE CASCADE, 
	FOREIGN KEY(schema) REFERENCES label_schemas (id)
)
 WITHOUT ROWID

;
INSERT INTO "review_queue_schemas" VALUES(1,0,1);
CREATE TABLE review_queue_users (
	queue INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	reviewer TEXT NOT NULL, 
	PRIMARY KEY (queue, position), 
	UNIQUE (queue, reviewer), 
	FOREIGN KEY(queue) REFERENCES review_queues (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE TABLE review_queues (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	queue_id TEXT NOT NULL, 
	experiment INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	queue_type TEXT NOT NULL, 
	item_type TEXT NOT NULL, 
	overlap INTEGER NOT NULL, 
	overlap_share DOUBLE NOT NULL, 
	blind BOOLEAN NOT NULL, 
	reserve_seconds BIGINT NOT NULL, 
	instruction TEXT NOT NULL, 
	next_position BIGINT NOT NULL, 
	pending BIGINT NOT NULL, 
	complete BIGINT NOT NULL, 
	declined BIGINT NOT NULL, 
	flagged BIGINT NOT NULL, 
	disputed BIGINT NOT NULL, 
	answers BIGINT NOT NULL, 
	created_by TEXT NOT NULL, 
	created_time BIGINT NOT NULL, 
	last_updated_by TEXT NOT NULL, 
	last_update_time BIGINT NOT NULL, 
	UNIQUE (experiment, name), 
	UNIQUE (queue_id), 
	FOREIGN KEY(experiment) REFERENCES experiments (id)
);
INSERT INTO "review_queues" VALUES(1,'rq-f3ec25ff05b944368d6daee53dcbbb5f',0,'to do','custom','trace',1,1.0,1,600,'',1,1,0,0,0,0,0,'',1795283137100,'',1795283137100);
CREATE TABLE review_reservations (
	item INTEGER NOT NULL, 
	reviewer TEXT NOT NULL, 
	queue INTEGER NOT NULL, 
	until BIGINT NOT NULL, 
	PRIMARY KEY (item, reviewer), 
	FOREIGN KEY(item) REFERENCES review_items (id) ON DELETE CASCADE, 
	FOREIGN KEY(queue) REFERENCES review_queues (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE TABLE review_submissions (
	submission_id TEXT NOT NULL, 
	item INTEGER NOT NULL, 
	reviewer TEXT NOT NULL, 
	PRIMARY KEY (submission_id), 
	FOREIGN KEY(item) REFERENCES review_items (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE TABLE runs (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	run_id TEXT NOT NULL, 
	experiment INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	status TEXT NOT NULL, 
	start_time BIGINT NOT NULL, 
	end_time BIGINT, 
	user_id TEXT NOT NULL, 
	lifecycle TEXT DEFAULT 'active' NOT NULL, 
	deleted_time BIGINT, 
	UNIQUE (run_id), 
	FOREIGN KEY(experiment) REFERENCES experiments (id)
);
CREATE TABLE scorer_versions (
	scorer INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	definition TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	notes TEXT NOT NULL, 
	created_by TEXT NOT NULL, 
	created_time BIGINT NOT NULL, 
	PRIMARY KEY (scorer, version), 
	FOREIGN KEY(scorer) REFERENCES registered_scorers (id)
)
 WITHOUT ROWID

;
INSERT INTO "scorer_versions" VALUES(1,1,'judge','{"aggregations": null, "description": null, "instructions_judge_pydantic_data": {"base_url": null, "feedback_value_type": {"type": "boolean"}, "generate_rationale_first": true, "include_timing_in_conversation": false, "inference_params": null, "instructions": "Is {{ outputs }} polite?", "model": "openai:/gpt-4o-mini"}, "is_session_level_scorer": false, "name": "polite", "serialization_version": 1, "session_level": null, "timeout": null}','2f875b27849bbe69aa02bdd4de67194e','{}','root',1795283136715);
CREATE TABLE span_origins (
	id INTEGER NOT NULL, 
	digest TEXT NOT NULL, 
	content TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (digest)
);
CREATE TABLE spans (
	trace INTEGER NOT NULL, 
	span_id TEXT NOT NULL, 
	parent_id TEXT, 
	name TEXT NOT NULL, 
	type TEXT NOT NULL, 
	start_time BIGINT NOT NULL, 
	end_time BIGINT, 
	status TEXT NOT NULL, 
	description TEXT NOT NULL, 
	model TEXT NOT NULL, 
	input_tokens BIGINT, 
	output_tokens BIGINT, 
	cache_read_tokens BIGINT, 
	cache_write_tokens BIGINT, 
	reasoning_tokens BIGINT, 
	cost DOUBLE, 
	inputs TEXT, 
	outputs TEXT, 
	attributes TEXT, 
	events TEXT, 
	kind TEXT, 
	links TEXT, 
	wire TEXT, 
	origin INTEGER, 
	PRIMARY KEY (trace, span_id), 
	FOREIGN KEY(trace) REFERENCES traces (id) ON DELETE CASCADE, 
	FOREIGN KEY(origin) REFERENCES span_origins (id)
);
CREATE TABLE steelyard_migrations (
	number INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	applied_at BIGINT NOT NULL, 
	PRIMARY KEY (number)
);
INSERT INTO "steelyard_migrations" VALUES(1,'first tables',1795283136679);
INSERT INTO "steelyard_migrations" VALUES(2,'traces, assessments, ledgers',1795283136680);
INSERT INTO "steelyard_migrations" VALUES(3,'finding traces and counting them',1795283136680);
INSERT INTO "steelyard_migrations" VALUES(4,'datasets and people',1795283136680);
CREATE TABLE tags (
	run INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (run, "key"), 
	FOREIGN KEY(run) REFERENCES runs (id)
)
 WITHOUT ROWID

;
CREATE TABLE text_bits (
	block INTEGER NOT NULL, 
	bit INTEGER NOT NULL, 
	bitmap BLOB NOT NULL, 
	PRIMARY KEY (block, bit)
)
 WITHOUT ROWID

;
CREATE TABLE text_blocks (
	block INTEGER NOT NULL, 
	PRIMARY KEY (block)
);
CREATE TABLE text_docs (
	doc INTEGER NOT NULL, 
	trace INTEGER NOT NULL, 
	PRIMARY KEY (doc), 
	FOREIGN KEY(trace) REFERENCES traces (id) ON DELETE CASCADE
);
INSERT INTO "text_docs" VALUES(0,1);
INSERT INTO "text_docs" VALUES(1,2);
INSERT INTO "text_docs" VALUES(2,3);
CREATE TABLE text_open (
	doc INTEGER NOT NULL, 
	signature BLOB NOT NULL, 
	PRIMARY KEY (doc), 
	FOREIGN KEY(doc) REFERENCES text_docs (doc) ON DELETE CASCADE
);
INSERT INTO "text_open" VALUES(0,X'00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000');
INSERT INTO "text_open" VALUES(1,X'00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000');
INSERT INTO "text_open" VALUES(2,X'00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000');
CREATE TABLE text_state (
	id INTEGER NOT NULL, 
	next_doc INTEGER NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "text_state" VALUES(1,3);
CREATE TABLE trace_losses (
	experiment INTEGER NOT NULL, 
	source TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	n BIGINT NOT NULL, 
	time BIGINT NOT NULL, 
	PRIMARY KEY (experiment, source, reason), 
	FOREIGN KEY(experiment) REFERENCES experiments (id)
)
 WITHOUT ROWID

;
CREATE TABLE trace_runs (
	run INTEGER NOT NULL, 
	trace INTEGER NOT NULL, 
	PRIMARY KEY (run, trace), 
	FOREIGN KEY(run) REFERENCES runs (id), 
	FOREIGN KEY(trace) REFERENCES traces (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE TABLE trace_tags (
	trace INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (trace, "key"), 
	FOREIGN KEY(trace) REFERENCES traces (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "trace_tags" VALUES(1,'team','b');
INSERT INTO "trace_tags" VALUES(2,'team','a');
INSERT INTO "trace_tags" VALUES(3,'team','b');
CREATE TABLE trace_windows (
	experiment INTEGER NOT NULL, 
	width BIGINT NOT NULL, 
	dimension TEXT NOT NULL, 
	start BIGINT NOT NULL, 
	value TEXT NOT NULL, 
	n BIGINT NOT NULL, 
	errors BIGINT NOT NULL, 
	input_tokens BIGINT NOT NULL, 
	output_tokens BIGINT NOT NULL, 
	priced BIGINT NOT NULL, 
	cost DOUBLE NOT NULL, 
	durations BLOB NOT NULL, 
	PRIMARY KEY (experiment, width, dimension, start, value), 
	FOREIGN KEY(experiment) REFERENCES experiments (id)
)
 WITHOUT ROWID

;
INSERT INTO "trace_windows" VALUES(0,300000,'',1699999800000,'',3,0,0,0,0,0.0,X'');
INSERT INTO "trace_windows" VALUES(0,300000,'status',1699999800000,'OK',3,0,0,0,0,0.0,X'');
INSERT INTO "trace_windows" VALUES(0,300000,'tag.team',1699999800000,'a',1,0,0,0,0,0.0,X'');
INSERT INTO "trace_windows" VALUES(0,300000,'tag.team',1699999800000,'b',2,0,0,0,0,0.0,X'');
INSERT INTO "trace_windows" VALUES(0,3600000,'',1699999200000,'',3,0,0,0,0,0.0,X'');
INSERT INTO "trace_windows" VALUES(0,3600000,'status',1699999200000,'OK',3,0,0,0,0,0.0,X'');
INSERT INTO "trace_windows" VALUES(0,3600000,'tag.team',1699999200000,'a',1,0,0,0,0,0.0,X'');
INSERT INTO "trace_windows" VALUES(0,3600000,'tag.team',1699999200000,'b',2,0,0,0,0,0.0,X'');
INSERT INTO "trace_windows" VALUES(0,86400000,'',1699920000000,'',3,0,0,0,0,0.0,X'');
INSERT INTO "trace_windows" VALUES(0,86400000,'status',1699920000000,'OK',3,0,0,0,0,0.0,X'');
INSERT INTO "trace_windows" VALUES(0,86400000,'tag.team',1699920000000,'a',1,0,0,0,0,0.0,X'');
INSERT INTO "trace_windows" VALUES(0,86400000,'tag.team',1699920000000,'b',2,0,0,0,0,0.0,X'');
CREATE TABLE traces (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	trace_id TEXT NOT NULL, 
	experiment INTEGER NOT NULL, 
	request_time BIGINT NOT NULL, 
	duration DOUBLE, 
	state TEXT NOT NULL, 
	name TEXT, 
	session TEXT, 
	user_id TEXT, 
	client_request_id TEXT, 
	request_preview TEXT NOT NULL, 
	response_preview TEXT NOT NULL, 
	input_tokens BIGINT, 
	output_tokens BIGINT, 
	cache_read_tokens BIGINT, 
	cache_write_tokens BIGINT, 
	reasoning_tokens BIGINT, 
	cost DOUBLE, 
	n_spans INTEGER NOT NULL, 
	metadata TEXT NOT NULL, 
	said INTEGER DEFAULT '0' NOT NULL, 
	UNIQUE (trace_id), 
	FOREIGN KEY(experiment) REFERENCES experiments (id)
);
INSERT INTO "traces" VALUES(1,'tr-00000000000000000000000000000000',0,1700000000000,NULL,'OK',NULL,NULL,NULL,NULL,'hello','hi',NULL,NULL,NULL,NULL,NULL,NULL,0,'{}',1);
INSERT INTO "traces" VALUES(2,'tr-00000000000000000000000000000001',0,1700000001000,NULL,'OK',NULL,NULL,NULL,NULL,'hello','hi',NULL,NULL,NULL,NULL,NULL,NULL,0,'{}',1);
INSERT INTO "traces" VALUES(3,'tr-00000000000000000000000000000002',0,1700000002000,NULL,'OK',NULL,NULL,NULL,NULL,'hello','hi',NULL,NULL,NULL,NULL,NULL,NULL,0,'{}',1);
CREATE TABLE traces_waiting (
	trace INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	PRIMARY KEY (trace), 
	FOREIGN KEY(trace) REFERENCES traces (id) ON DELETE CASCADE
);
CREATE TABLE verdicts (
	ledger INTEGER NOT NULL, 
	"row" BIGINT NOT NULL, 
	repeat INTEGER NOT NULL, 
	scorer INTEGER NOT NULL, 
	prediction TEXT NOT NULL, 
	outcome TEXT NOT NULL, 
	feedbacks TEXT, 
	error TEXT NOT NULL, 
	latency DOUBLE, 
	usage TEXT, 
	cached BOOLEAN NOT NULL, 
	PRIMARY KEY (ledger, "row", repeat, scorer), 
	FOREIGN KEY(ledger, "row", repeat, prediction) REFERENCES predictions (ledger, "row", repeat, outcome) ON DELETE CASCADE, 
	FOREIGN KEY(ledger, scorer) REFERENCES ledger_scorers (ledger, number), 
	CONSTRAINT known_outcome CHECK (outcome IN ('scored', 'scorer_error', 'parse_error', 'refused', 'predict_failed', 'over_budget')), 
	CONSTRAINT only_predictions_are_scored CHECK ((prediction = 'predicted' AND outcome <> 'predict_failed') OR (prediction <> 'predicted' AND outcome = prediction))
)
 WITHOUT ROWID

;
CREATE TABLE windows_waiting (
	experiment INTEGER NOT NULL, 
	start BIGINT NOT NULL, 
	version INTEGER NOT NULL, 
	PRIMARY KEY (experiment, start), 
	FOREIGN KEY(experiment) REFERENCES experiments (id)
)
 WITHOUT ROWID

;
CREATE INDEX datasets_by_name ON datasets (name);
CREATE INDEX runs_by_start ON runs (experiment, lifecycle, start_time DESC, run_id);
CREATE INDEX evaluation_dataset_experiments_by_experiment ON evaluation_dataset_experiments (experiment);
CREATE INDEX dataset_contents_by_record ON dataset_contents (dataset, record_id);
CREATE INDEX dataset_parts_by_content ON dataset_parts (sha256);
CREATE INDEX traces_by_client ON traces (experiment, client_request_id, request_time DESC, id DESC) WHERE client_request_id IS NOT NULL;
CREATE INDEX traces_by_user ON traces (experiment, user_id, request_time DESC, id DESC) WHERE user_id IS NOT NULL;
CREATE INDEX traces_by_session ON traces (experiment, session, request_time DESC, id DESC) WHERE session IS NOT NULL;
CREATE INDEX traces_in_time ON traces (experiment, request_time DESC, id DESC, state, duration, input_tokens, output_tokens, cost);
CREATE INDEX trace_windows_by_start ON trace_windows (experiment, width, start);
CREATE INDEX artifacts_by_content ON artifacts (sha256);
CREATE INDEX models_by_run ON models (run);
CREATE INDEX models_by_experiment ON models (experiment);
CREATE INDEX dataset_members_by_content ON dataset_members (dataset, content);
CREATE INDEX ledgers_by_data ON ledgers (data_digest);
CREATE INDEX review_queue_users_by_reviewer ON review_queue_users (reviewer);
CREATE INDEX review_queue_schemas_by_schema ON review_queue_schemas (schema);
CREATE INDEX review_items_begun ON review_items (queue, position) WHERE status = 'pending' AND assigned_to = '' AND answers > 0;
CREATE INDEX review_items_waiting ON review_items (trace_id) WHERE status = 'pending';
CREATE INDEX review_items_fresh ON review_items (queue, position) WHERE status = 'pending' AND assigned_to = '' AND answers = 0;
CREATE INDEX review_items_waiting_other ON review_items (other_trace_id) WHERE status = 'pending';
CREATE INDEX review_items_assigned ON review_items (queue, assigned_to, position) WHERE status = 'pending' AND assigned_to <> '';
CREATE INDEX text_docs_by_trace ON text_docs (trace);
CREATE INDEX trace_tags_by_value ON trace_tags ("key", substr(value, 1, 64));
CREATE INDEX trace_runs_by_trace ON trace_runs (trace);
CREATE INDEX assessments_by_value ON assessments (kind, name, number, trace);
CREATE TRIGGER predictions_counted_on_insert AFTER INSERT ON predictions FOR EACH ROW BEGIN UPDATE ledgers SET predicted = predicted + CASE WHEN NEW.outcome = 'predicted' THEN 1 ELSE 0 END, predict_failed = predict_failed + CASE WHEN NEW.outcome = 'predict_failed' THEN 1 ELSE 0 END, over_budget = over_budget + CASE WHEN NEW.outcome = 'over_budget' THEN 1 ELSE 0 END WHERE run = NEW.ledger; END;
CREATE TRIGGER predictions_counted_on_delete AFTER DELETE ON predictions FOR EACH ROW BEGIN UPDATE ledgers SET predicted = predicted - CASE WHEN OLD.outcome = 'predicted' THEN 1 ELSE 0 END, predict_failed = predict_failed - CASE WHEN OLD.outcome = 'predict_failed' THEN 1 ELSE 0 END, over_budget = over_budget - CASE WHEN OLD.outcome = 'over_budget' THEN 1 ELSE 0 END WHERE run = OLD.ledger; END;
CREATE TRIGGER predictions_counted_on_update AFTER UPDATE ON predictions FOR EACH ROW BEGIN UPDATE ledgers SET predicted = predicted - CASE WHEN OLD.outcome = 'predicted' THEN 1 ELSE 0 END, predict_failed = predict_failed - CASE WHEN OLD.outcome = 'predict_failed' THEN 1 ELSE 0 END, over_budget = over_budget - CASE WHEN OLD.outcome = 'over_budget' THEN 1 ELSE 0 END WHERE run = OLD.ledger; UPDATE ledgers SET predicted = predicted + CASE WHEN NEW.outcome = 'predicted' THEN 1 ELSE 0 END, predict_failed = predict_failed + CASE WHEN NEW.outcome = 'predict_failed' THEN 1 ELSE 0 END, over_budget = over_budget + CASE WHEN NEW.outcome = 'over_budget' THEN 1 ELSE 0 END WHERE run = NEW.ledger; END;
CREATE INDEX review_submissions_by_item ON review_submissions (item);
CREATE INDEX review_reservations_by_time ON review_reservations (queue, until);
CREATE TRIGGER verdicts_counted_on_insert AFTER INSERT ON verdicts FOR EACH ROW BEGIN UPDATE ledger_scorers SET pending = pending - 1, scored = scored + CASE WHEN NEW.outcome = 'scored' THEN 1 ELSE 0 END, scorer_error = scorer_error + CASE WHEN NEW.outcome = 'scorer_error' THEN 1 ELSE 0 END, parse_error = parse_error + CASE WHEN NEW.outcome = 'parse_error' THEN 1 ELSE 0 END, refused = refused + CASE WHEN NEW.outcome = 'refused' THEN 1 ELSE 0 END, predict_failed = predict_failed + CASE WHEN NEW.outcome = 'predict_failed' THEN 1 ELSE 0 END, over_budget = over_budget + CASE WHEN NEW.outcome = 'over_budget' THEN 1 ELSE 0 END WHERE ledger = NEW.ledger AND number = NEW.scorer; END;
CREATE TRIGGER verdicts_counted_on_delete AFTER DELETE ON verdicts FOR EACH ROW BEGIN UPDATE ledger_scorers SET pending = pending + 1, scored = scored - CASE WHEN OLD.outcome = 'scored' THEN 1 ELSE 0 END, scorer_error = scorer_error - CASE WHEN OLD.outcome = 'scorer_error' THEN 1 ELSE 0 END, parse_error = parse_error - CASE WHEN OLD.outcome = 'parse_error' THEN 1 ELSE 0 END, refused = refused - CASE WHEN OLD.outcome = 'refused' THEN 1 ELSE 0 END, predict_failed = predict_failed - CASE WHEN OLD.outcome = 'predict_failed' THEN 1 ELSE 0 END, over_budget = over_budget - CASE WHEN OLD.outcome = 'over_budget' THEN 1 ELSE 0 END WHERE ledger = OLD.ledger AND number = OLD.scorer; END;
CREATE TRIGGER verdicts_counted_on_update AFTER UPDATE ON verdicts FOR EACH ROW BEGIN UPDATE ledger_scorers SET pending = pending + 1, scored = scored - CASE WHEN OLD.outcome = 'scored' THEN 1 ELSE 0 END, scorer_error = scorer_error - CASE WHEN OLD.outcome = 'scorer_error' THEN 1 ELSE 0 END, parse_error = parse_error - CASE WHEN OLD.outcome = 'parse_error' THEN 1 ELSE 0 END, refused = refused - CASE WHEN OLD.outcome = 'refused' THEN 1 ELSE 0 END, predict_failed = predict_failed - CASE WHEN OLD.outcome = 'predict_failed' THEN 1 ELSE 0 END, over_budget = over_budget - CASE WHEN OLD.outcome = 'over_budget' THEN 1 ELSE 0 END WHERE ledger = OLD.ledger AND number = OLD.scorer; UPDATE ledger_scorers SET pending = pending - 1, scored = scored + CASE WHEN NEW.outcome = 'scored' THEN 1 ELSE 0 END, scorer_error = scorer_error + CASE WHEN NEW.outcome = 'scorer_error' THEN 1 ELSE 0 END, parse_error = parse_error + CASE WHEN NEW.outcome = 'parse_error' THEN 1 ELSE 0 END, refused = refused + CASE WHEN NEW.outcome = 'refused' THEN 1 ELSE 0 END, predict_failed = predict_failed + CASE WHEN NEW.outcome = 'predict_failed' THEN 1 ELSE 0 END, over_budget = over_budget + CASE WHEN NEW.outcome = 'over_budget' THEN 1 ELSE 0 END WHERE ledger = NEW.ledger AND number = NEW.scorer; END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('experiments',0);
INSERT INTO "sqlite_sequence" VALUES('registered_scorers',1);
INSERT INTO "sqlite_sequence" VALUES('traces',3);
INSERT INTO "sqlite_sequence" VALUES('assessments',6);
INSERT INTO "sqlite_sequence" VALUES('evaluation_datasets',1);
INSERT INTO "sqlite_sequence" VALUES('label_schemas',1);
INSERT INTO "sqlite_sequence" VALUES('review_queues',1);
INSERT INTO "sqlite_sequence" VALUES('review_items',1);
COMMIT;
