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
INSERT INTO "artifacts" VALUES(1,'evaluation.json','f2db4b01409324746d51a225abcc4d7a2f0a07a0d381ecddb3f392edf503ce24',3117,'application/json',NULL);
INSERT INTO "artifacts" VALUES(1,'genai.json','7b4b9f777655b719663e02a4735fdd92399eb014c09aef4a04f3c7fdb432a480',1331,'application/json',NULL);
INSERT INTO "artifacts" VALUES(1,'replicates.npz','ac027979face060891382cf3637b875b26a0275ad5dd9d95ba775f16ed8af72a',11416,'application/octet-stream',NULL);
INSERT INTO "artifacts" VALUES(1,'rows.parquet','31c23a6e5114e4cfc3464031c9b9d114aa5ead974c5893d19535bf4ba39ca663',5218,'application/vnd.apache.parquet',NULL);
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
INSERT INTO "assessments" VALUES(1,1,'a-3ca280cf533a4343a6c3ecccc350d4db','expectation','expected_response',1,NULL,NULL,'Paris','{"name":"expected_response","value":"Paris","source":{"source_type":"HUMAN","source_id":"default"},"trace_id":"tr-7a15bd45aefdf123a6695346cd5fe57b","assessment_id":"a-3ca280cf533a4343a6c3ecccc350d4db","create_time_ms":1795276822868,"last_update_time_ms":1795276822868}','created',1795276822868,NULL);
INSERT INTO "assessments" VALUES(2,2,'a-01a6df9207f04eb3be2fa572a7098d7b','expectation','expected_response',1,NULL,NULL,'Rome','{"name":"expected_response","value":"Rome","source":{"source_type":"HUMAN","source_id":"default"},"trace_id":"tr-d05d76a026cdc9905ce34deb60e1e70e","assessment_id":"a-01a6df9207f04eb3be2fa572a7098d7b","create_time_ms":1795276822868,"last_update_time_ms":1795276822868}','created',1795276822868,NULL);
INSERT INTO "assessments" VALUES(3,2,'a-7788f882863e4fd0978d98dce4b23dea','expectation','guidelines',1,NULL,NULL,'["one word"]','{"name":"guidelines","value":["one word"],"source":{"source_type":"HUMAN","source_id":"default"},"trace_id":"tr-d05d76a026cdc9905ce34deb60e1e70e","assessment_id":"a-7788f882863e4fd0978d98dce4b23dea","create_time_ms":1795276822868,"last_update_time_ms":1795276822868}','created',1795276822868,NULL);
INSERT INTO "assessments" VALUES(4,1,'a-e7447c3ca6f8d7e89aee55b4d8d2f1f7','feedback','exact',1,NULL,1.0,'true','{"name":"exact","value":true,"source":{"source_type":"CODE","source_id":"exact"},"trace_id":"tr-7a15bd45aefdf123a6695346cd5fe57b","assessment_id":"a-e7447c3ca6f8d7e89aee55b4d8d2f1f7","metadata":{"mlflow.assessment.sourceRunId":"83df34eda5e041d2a284520d447014e3"},"create_time_ms":1795276822894,"last_update_time_ms":1795276822894}','created',1795276822894,NULL);
INSERT INTO "assessments" VALUES(5,2,'a-30e66b962129d3ef1d62ecde3ccaaa00','feedback','exact',1,NULL,0.0,'false','{"name":"exact","value":false,"source":{"source_type":"CODE","source_id":"exact"},"trace_id":"tr-d05d76a026cdc9905ce34deb60e1e70e","assessment_id":"a-30e66b962129d3ef1d62ecde3ccaaa00","metadata":{"mlflow.assessment.sourceRunId":"83df34eda5e041d2a284520d447014e3"},"create_time_ms":1795276822894,"last_update_time_ms":1795276822894}','created',1795276822894,NULL);
INSERT INTO "assessments" VALUES(6,2,'a-18e80c22ea0146e1a181c296e2d064c5','feedback','ok',1,NULL,1.0,'true','{"name":"ok","value":true,"source":{"source_type":"CODE","source_id":"default"},"trace_id":"tr-d05d76a026cdc9905ce34deb60e1e70e","assessment_id":"a-18e80c22ea0146e1a181c296e2d064c5","create_time_ms":1795276823820,"last_update_time_ms":1795276823820}','created',1795276823821,NULL);
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
INSERT INTO "dataset_contents" VALUES(1,0,'dr-98f33af3c9790aa680ec12a0f0068da3','b259f139b15b3f3d77ec27ef63c2b85176ddcc3fd68aecdc8db0bf31e3d65f69','{"country":"France"}',NULL,'{"expected_response":"Paris"}','{}','["HUMAN",{}]');
INSERT INTO "dataset_contents" VALUES(1,1,'dr-2b384046dc29624555edcb05c4a3a902','40f9eaf2ea822486b16885632e63d7da852887c665cba4e2034514f4a8956255','{"country":"Italy"}',NULL,'{"expected_response":"Rome"}','{}','["HUMAN",{}]');
INSERT INTO "dataset_contents" VALUES(1,2,'dr-2b384046dc29624555edcb05c4a3a902','002f173313a7af1fb2be2566575e5e04f10b294e9a2e88d42182d0f80b733473','{"country":"Italy"}',NULL,'{"expected_response":"Rome","guidelines":["one word"]}','{}','["HUMAN",{}]');
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
INSERT INTO "dataset_members" VALUES(1,1,1,2,1,1);
INSERT INTO "dataset_members" VALUES(1,1,2,2147483647,2,1);
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
INSERT INTO "dataset_versions" VALUES(1,0,'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',0,NULL,0,0,0,'',NULL,'ada',1795276822641);
INSERT INTO "dataset_versions" VALUES(1,1,'9fd38bc33055baedb9a30ed5b6ce52383ba7e8622c2d9331379b62f75ef77c45',2,0,2,0,0,'by hand',NULL,'ada',1795276822655);
INSERT INTO "dataset_versions" VALUES(1,2,'3603e867cf10b1529e35d43244644715926aebaa5b17b4a784f501f5d516ba9b',2,1,0,1,0,'',NULL,'ada',1795276822661);
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
INSERT INTO "datasets" VALUES(1,'capitals','3603e867cf10b1529e35d43244644715926aebaa5b17b4a784f501f5d516ba9b','evaluation_dataset','{"dataset_id": "d-b5de7503f7054b09945c1358ed5c7806", "name": "capitals", "version": 2, "digest": "3603e867cf10b1529e35d43244644715926aebaa5b17b4a784f501f5d516ba9b"}','{"inputs.country": "str", "expectations.expected_response": "str"}','{"num_rows": 2, "num_columns": 2}','d77797c68dcc1d7a290c387c76f477768e869cfdbc7219945525f91a15ed849c');
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
INSERT INTO "estimates" VALUES(1,'exact/mean','[]',0,0.5,2,0,3.53553390593273786368e-01,9.45312057342307388019e-02,9.05468794265769316709e-01,0.95,'wilson',NULL,NULL);
INSERT INTO "estimates" VALUES(1,'exact/scored','[]',1,1.0,2,0,0.0,3.42380227506653034286e-01,1.0,0.95,'wilson',NULL,NULL);
INSERT INTO "estimates" VALUES(1,'latency/mean','[]',2,0.000689823500579223,2,0,6.37315497442614287137e-04,0.0,8.78768469262209903081e-03,0.95,'t',NULL,NULL);
INSERT INTO "estimates" VALUES(1,'latency/p50','[]',3,0.000689823500579223,2,0,NULL,NULL,NULL,0.95,'no interval: 2 rows are too few',NULL,NULL);
INSERT INTO "estimates" VALUES(1,'latency/p90','[]',4,1.19967589853331446647e-03,2,0,NULL,NULL,NULL,0.95,'no interval: 2 rows are too few',NULL,NULL);
INSERT INTO "estimates" VALUES(1,'latency/p99','[]',5,1.31439268807298503816e-03,2,0,NULL,NULL,NULL,0.95,'no interval: 2 rows are too few',NULL,NULL);
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
INSERT INTO "evaluation_dataset_tags" VALUES(1,'team','maps');
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
INSERT INTO "evaluation_datasets" VALUES(1,'d-b5de7503f7054b09945c1358ed5c7806','capitals',2,2,3,'ada',1795276822641,'ada',1795276822661);
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
INSERT INTO "experiments" VALUES(0,'Default','active',1795276822614,1795276822614,NULL);
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
INSERT INTO "inputs" VALUES(1,1,'evaluation',0);
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
INSERT INTO "latest_metrics" VALUES(1,'exact/mean',0.5,0,1795276823529);
INSERT INTO "latest_metrics" VALUES(1,'exact/scored',1.0,0,1795276823529);
INSERT INTO "latest_metrics" VALUES(1,'latency/mean',0.000689823500579223,0,1795276823529);
INSERT INTO "latest_metrics" VALUES(1,'latency/p50',0.000689823500579223,0,1795276823529);
INSERT INTO "latest_metrics" VALUES(1,'latency/p90',1.19967589853331446647e-03,0,1795276823529);
INSERT INTO "latest_metrics" VALUES(1,'latency/p99',1.31439268807298503816e-03,0,1795276823529);
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
INSERT INTO "ledger_scorers" VALUES(1,0,'exact','702f02b87dcc3417b58bb4d4f8b91d3f',2,0,2,0,0,0,0,0);
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
INSERT INTO "ledgers" VALUES(1,'066edc17656f016427844ea7f7191395','41f6dc5f05c339a1a2511a98bae190c1',2,1,'vm:e5a20f06:24757:4347709',1795276823570,1,2,0,0,0,0,0,0,0,NULL);
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
INSERT INTO "metrics" VALUES(1,'exact/mean',0,1795276823529,0.5,0);
INSERT INTO "metrics" VALUES(1,'exact/scored',0,1795276823529,1.0,0);
INSERT INTO "metrics" VALUES(1,'latency/mean',0,1795276823529,0.000689823500579223,0);
INSERT INTO "metrics" VALUES(1,'latency/p50',0,1795276823529,0.000689823500579223,0);
INSERT INTO "metrics" VALUES(1,'latency/p90',0,1795276823529,1.19967589853331446647e-03,0);
INSERT INTO "metrics" VALUES(1,'latency/p99',0,1795276823529,1.31439268807298503816e-03,0);
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
INSERT INTO "predictions" VALUES(1,0,0,'predicted','dr-98f33af3c9790aa680ec12a0f0068da3','tr-7a15bd45aefdf123a6695346cd5fe57b','"Paris"','',1.3271389980218373239e-03,NULL);
INSERT INTO "predictions" VALUES(1,1,0,'predicted','dr-2b384046dc29624555edcb05c4a3a902','tr-d05d76a026cdc9905ce34deb60e1e70e','"Turin"','',5.2508003136608749628e-05,NULL);
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
INSERT INTO "runs" VALUES(1,'83df34eda5e041d2a284520d447014e3',0,'able-sparrow-227','FINISHED',1795276822837,1795276823577,'ada','active',NULL);
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
INSERT INTO "spans" VALUES(1,'d278dbd364bb3b32',NULL,'<lambda>','CHAIN',1795276822866935956,1795276822866940463,'OK','','',NULL,NULL,NULL,NULL,NULL,NULL,'{"country":"France"}','"Paris"',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "spans" VALUES(2,'d8e99989b4010c9c',NULL,'<lambda>','CHAIN',1795276822867722299,1795276822867724672,'OK','','',NULL,NULL,NULL,NULL,NULL,NULL,'{"country":"Italy"}','"Turin"',NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE steelyard_migrations (
	number INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	applied_at BIGINT NOT NULL, 
	PRIMARY KEY (number)
);
INSERT INTO "steelyard_migrations" VALUES(1,'first tables',1795276822615);
INSERT INTO "steelyard_migrations" VALUES(2,'traces, assessments, ledgers',1795276822615);
INSERT INTO "steelyard_migrations" VALUES(3,'finding traces and counting them',1795276822615);
CREATE TABLE tags (
	run INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (run, "key"), 
	FOREIGN KEY(run) REFERENCES runs (id)
)
 WITHOUT ROWID

;
INSERT INTO "tags" VALUES(1,'mlflow.genaiEvaluate.agent.digest','41f6dc5f05c339a1a2511a98bae190c1');
INSERT INTO "tags" VALUES(1,'mlflow.genaiEvaluate.agent.function','<lambda>');
INSERT INTO "tags" VALUES(1,'mlflow.genaiEvaluate.scorersDigest','{"digest": "8177ea94", "hashed": 1, "total": 1}');
INSERT INTO "tags" VALUES(1,'mlflow.runName','able-sparrow-227');
INSERT INTO "tags" VALUES(1,'mlflow.runType','genai_evaluate');
INSERT INTO "tags" VALUES(1,'mlflow.source.name','make.py');
INSERT INTO "tags" VALUES(1,'mlflow.source.type','LOCAL');
INSERT INTO "tags" VALUES(1,'mlflow.user','ada');
INSERT INTO "tags" VALUES(1,'steelyard.rows','2');
INSERT INTO "tags" VALUES(1,'steelyard.task','genai');
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
CREATE TABLE text_open (
	doc INTEGER NOT NULL, 
	signature BLOB NOT NULL, 
	PRIMARY KEY (doc), 
	FOREIGN KEY(doc) REFERENCES text_docs (doc) ON DELETE CASCADE
);
CREATE TABLE text_state (
	id INTEGER NOT NULL, 
	next_doc INTEGER NOT NULL, 
	PRIMARY KEY (id)
);
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
INSERT INTO "trace_runs" VALUES(1,1);
INSERT INTO "trace_runs" VALUES(1,2);
CREATE TABLE trace_tags (
	trace INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (trace, "key"), 
	FOREIGN KEY(trace) REFERENCES traces (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "trace_tags" VALUES(1,'mlflow.eval.requestId','dr-98f33af3c9790aa680ec12a0f0068da3');
INSERT INTO "trace_tags" VALUES(2,'mlflow.eval.requestId','dr-2b384046dc29624555edcb05c4a3a902');
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
INSERT INTO "traces" VALUES(1,'tr-7a15bd45aefdf123a6695346cd5fe57b',0,1795276822866,0.004507,'OK','<lambda>',NULL,NULL,NULL,'{"country":"France"}','Paris',NULL,NULL,NULL,NULL,NULL,NULL,1,'{"mlflow.sourceRun":"83df34eda5e041d2a284520d447014e3"}',1);
INSERT INTO "traces" VALUES(2,'tr-d05d76a026cdc9905ce34deb60e1e70e',0,1795276822867,0.002373,'OK','<lambda>',NULL,NULL,NULL,'{"country":"Italy"}','Turin',NULL,NULL,NULL,NULL,NULL,NULL,1,'{"mlflow.sourceRun":"83df34eda5e041d2a284520d447014e3"}',1);
CREATE TABLE traces_waiting (
	trace INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	PRIMARY KEY (trace), 
	FOREIGN KEY(trace) REFERENCES traces (id) ON DELETE CASCADE
);
INSERT INTO "traces_waiting" VALUES(1,1);
INSERT INTO "traces_waiting" VALUES(2,1);
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
INSERT INTO "verdicts" VALUES(1,0,0,0,'predicted','scored','[{"name":"exact","value":true,"source":{"source_type":"CODE","source_id":"exact"},"trace_id":"tr-7a15bd45aefdf123a6695346cd5fe57b","metadata":{"mlflow.assessment.sourceRunId":"83df34eda5e041d2a284520d447014e3"}}]','',1.55832000018563121557e-04,NULL,0);
INSERT INTO "verdicts" VALUES(1,1,0,0,'predicted','scored','[{"name":"exact","value":false,"source":{"source_type":"CODE","source_id":"exact"},"trace_id":"tr-d05d76a026cdc9905ce34deb60e1e70e","metadata":{"mlflow.assessment.sourceRunId":"83df34eda5e041d2a284520d447014e3"}}]','',6.52270027785562e-05,NULL,0);
CREATE TABLE windows_waiting (
	experiment INTEGER NOT NULL, 
	start BIGINT NOT NULL, 
	version INTEGER NOT NULL, 
	PRIMARY KEY (experiment, start), 
	FOREIGN KEY(experiment) REFERENCES experiments (id)
)
 WITHOUT ROWID

;
INSERT INTO "windows_waiting" VALUES(0,1795276800000,1);
CREATE INDEX datasets_by_name ON datasets (name);
CREATE INDEX runs_by_start ON runs (experiment, lifecycle, start_time DESC, run_id);
CREATE INDEX evaluation_dataset_experiments_by_experiment ON evaluation_dataset_experiments (experiment);
CREATE INDEX dataset_contents_by_record ON dataset_contents (dataset, record_id);
CREATE INDEX traces_by_session ON traces (experiment, session, request_time DESC, id DESC) WHERE session IS NOT NULL;
CREATE INDEX traces_by_client ON traces (experiment, client_request_id, request_time DESC, id DESC) WHERE client_request_id IS NOT NULL;
CREATE INDEX traces_in_time ON traces (experiment, request_time DESC, id DESC, state, duration, input_tokens, output_tokens, cost);
CREATE INDEX traces_by_user ON traces (experiment, user_id, request_time DESC, id DESC) WHERE user_id IS NOT NULL;
CREATE INDEX trace_windows_by_start ON trace_windows (experiment, width, start);
CREATE INDEX artifacts_by_content ON artifacts (sha256);
CREATE INDEX models_by_run ON models (run);
CREATE INDEX models_by_experiment ON models (experiment);
CREATE INDEX dataset_members_by_content ON dataset_members (dataset, content);
CREATE INDEX ledgers_by_data ON ledgers (data_digest);
CREATE INDEX text_docs_by_trace ON text_docs (trace);
CREATE INDEX trace_tags_by_value ON trace_tags ("key", substr(value, 1, 64));
CREATE INDEX trace_runs_by_trace ON trace_runs (trace);
CREATE INDEX assessments_by_value ON assessments (kind, name, number, trace);
CREATE TRIGGER predictions_counted_on_insert AFTER INSERT ON predictions FOR EACH ROW BEGIN UPDATE ledgers SET predicted = predicted + CASE WHEN NEW.outcome = 'predicted' THEN 1 ELSE 0 END, predict_failed = predict_failed + CASE WHEN NEW.outcome = 'predict_failed' THEN 1 ELSE 0 END, over_budget = over_budget + CASE WHEN NEW.outcome = 'over_budget' THEN 1 ELSE 0 END WHERE run = NEW.ledger; END;
CREATE TRIGGER predictions_counted_on_delete AFTER DELETE ON predictions FOR EACH ROW BEGIN UPDATE ledgers SET predicted = predicted - CASE WHEN OLD.outcome = 'predicted' THEN 1 ELSE 0 END, predict_failed = predict_failed - CASE WHEN OLD.outcome = 'predict_failed' THEN 1 ELSE 0 END, over_budget = over_budget - CASE WHEN OLD.outcome = 'over_budget' THEN 1 ELSE 0 END WHERE run = OLD.ledger; END;
CREATE TRIGGER predictions_counted_on_update AFTER UPDATE ON predictions FOR EACH ROW BEGIN UPDATE ledgers SET predicted = predicted - CASE WHEN OLD.outcome = 'predicted' THEN 1 ELSE 0 END, predict_failed = predict_failed - CASE WHEN OLD.outcome = 'predict_failed' THEN 1 ELSE 0 END, over_budget = over_budget - CASE WHEN OLD.outcome = 'over_budget' THEN 1 ELSE 0 END WHERE run = OLD.ledger; UPDATE ledgers SET predicted = predicted + CASE WHEN NEW.outcome = 'predicted' THEN 1 ELSE 0 END, predict_failed = predict_failed + CASE WHEN NEW.outcome = 'predict_failed' THEN 1 ELSE 0 END, over_budget = over_budget + CASE WHEN NEW.outcome = 'over_budget' THEN 1 ELSE 0 END WHERE run = NEW.ledger; END;
CREATE TRIGGER verdicts_counted_on_insert AFTER INSERT ON verdicts FOR EACH ROW BEGIN UPDATE ledger_scorers SET pending = pending - 1, scored = scored + CASE WHEN NEW.outcome = 'scored' THEN 1 ELSE 0 END, scorer_error = scorer_error + CASE WHEN NEW.outcome = 'scorer_error' THEN 1 ELSE 0 END, parse_error = parse_error + CASE WHEN NEW.outcome = 'parse_error' THEN 1 ELSE 0 END, refused = refused + CASE WHEN NEW.outcome = 'refused' THEN 1 ELSE 0 END, predict_failed = predict_failed + CASE WHEN NEW.outcome = 'predict_failed' THEN 1 ELSE 0 END, over_budget = over_budget + CASE WHEN NEW.outcome = 'over_budget' THEN 1 ELSE 0 END WHERE ledger = NEW.ledger AND number = NEW.scorer; END;
CREATE TRIGGER verdicts_counted_on_delete AFTER DELETE ON verdicts FOR EACH ROW BEGIN UPDATE ledger_scorers SET pending = pending + 1, scored = scored - CASE WHEN OLD.outcome = 'scored' THEN 1 ELSE 0 END, scorer_error = scorer_error - CASE WHEN OLD.outcome = 'scorer_error' THEN 1 ELSE 0 END, parse_error = parse_error - CASE WHEN OLD.outcome = 'parse_error' THEN 1 ELSE 0 END, refused = refused - CASE WHEN OLD.outcome = 'refused' THEN 1 ELSE 0 END, predict_failed = predict_failed - CASE WHEN OLD.outcome = 'predict_failed' THEN 1 ELSE 0 END, over_budget = over_budget - CASE WHEN OLD.outcome = 'over_budget' THEN 1 ELSE 0 END WHERE ledger = OLD.ledger AND number = OLD.scorer; END;
CREATE TRIGGER verdicts_counted_on_update AFTER UPDATE ON verdicts FOR EACH ROW BEGIN UPDATE ledger_scorers SET pending = pending + 1, scored = scored - CASE WHEN OLD.outcome = 'scored' THEN 1 ELSE 0 END, scorer_error = scorer_error - CASE WHEN OLD.outcome = 'scorer_error' THEN 1 ELSE 0 END, parse_error = parse_error - CASE WHEN OLD.outcome = 'parse_error' THEN 1 ELSE 0 END, refused = refused - CASE WHEN OLD.outcome = 'refused' THEN 1 ELSE 0 END, predict_failed = predict_failed - CASE WHEN OLD.outcome = 'predict_failed' THEN 1 ELSE 0 END, over_budget = over_budget - CASE WHEN OLD.outcome = 'over_budget' THEN 1 ELSE 0 END WHERE ledger = OLD.ledger AND number = OLD.scorer; UPDATE ledger_scorers SET pending = pending - 1, scored = scored + CASE WHEN NEW.outcome = 'scored' THEN 1 ELSE 0 END, scorer_error = scorer_error + CASE WHEN NEW.outcome = 'scorer_error' THEN 1 ELSE 0 END, parse_error = parse_error + CASE WHEN NEW.outcome = 'parse_error' THEN 1 ELSE 0 END, refused = refused + CASE WHEN NEW.outcome = 'refused' THEN 1 ELSE 0 END, predict_failed = predict_failed + CASE WHEN NEW.outcome = 'predict_failed' THEN 1 ELSE 0 END, over_budget = over_budget + CASE WHEN NEW.outcome = 'over_budget' THEN 1 ELSE 0 END WHERE ledger = NEW.ledger AND number = NEW.scorer; END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('experiments',0);
INSERT INTO "sqlite_sequence" VALUES('evaluation_datasets',1);
INSERT INTO "sqlite_sequence" VALUES('runs',1);
INSERT INTO "sqlite_sequence" VALUES('traces',2);
INSERT INTO "sqlite_sequence" VALUES('assessments',6);
COMMIT;
