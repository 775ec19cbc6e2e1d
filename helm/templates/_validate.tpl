#{% capture source %}§{% raw %}
# What values cannot be together.
{{/*
Errors between fields: what the schema cannot see. Each concern adds its own to a
list; all of them are reported at once, as value, reason and remedy.
*/}}
{{- define "validate.all" -}}
{{- include "validate.nulls" . -}}
{{- $errors := list -}}
{{- range list "renamed" "names" "workload" "mtls" "policy" "authorization" "tenants" "owners" "canary" "ingress" "fault" "filter" "metrics" "secrets" "network" "ports" "scaling" -}}
{{- $errors = concat $errors (include "validate.list" (include (printf "validate.%s" .) $) | fromJsonArray) -}}
{{- end -}}
{{- if not $errors -}}
{{- /* It reads the pod, which other contradictions may not even let be rendered. */ -}}
{{- $errors = include "validate.list" (include "validate.repeated" .) | fromJsonArray -}}
{{- end -}}
{{- if $errors -}}
{{- fail (printf "\n\nThese values do not fit together:\n  - %s\n" (join "\n  - " $errors)) -}}
{{- end -}}
{{- end -}}

{{/* Lines of `- "…"` as JSON, whatever a value that they repeat has in it. */}}
{{- define "validate.list" -}}
{{- $all := list -}}
{{- range regexSplit "\n- \"" (printf "\n%s" (trim .)) -1 -}}
{{- with . | trim | trimSuffix "\"" }}{{- $all = append $all . }}{{- end -}}
{{- end -}}
{{- toJson $all -}}
{{- end -}}

{{/* Settings that --set NAME=null took away: what reads them would only crash. */}}
{{- define "validate.nulls" -}}
{{- $needed := list
  "commonLabels" "commonAnnotations" "image.repository" "imagePullSecrets" "global" "global.imagePullSecrets" "strategy" "ports.grpc" "ports.admin" "admin" "service.type"
  "settings.drainDelay" "settings.drainTimeout" "upstreams" "startupProbe" "livenessProbe" "readinessProbe" "lifecycle" "mesh.provider" "mesh.proxy"
  "mesh.istio.contractFilter.url" "mesh.istio.waypoint" "mesh.linkerd" "mtls.mode" "mtls.tls.certManager" "retries.layer" "timeouts.enabled" "methods"
  "circuitBreaking.baseEjection" "circuitBreaking.maxEjection" "connectionPool" "loadBalancing" "loadBalancing.warmup" "locality" "authorization.roles" "tenants.by" "rateLimit"
  "jwt.jwksUri" "jwt.jwks" "canary.header" "canary.flagger.prometheus" "ingress.gateway.selector" "fault" "otel.endpoint" "otel.sampleRatio" "tracing.mesh.provider" "metrics.meshed"
  "metrics.podMonitor.enabled" "metrics.serviceMonitor.enabled" "slo.latencySeconds" "slo.alertLabels" "slo.pageSeverity" "slo.ticketSeverity" "dashboard"
  "autoscaling.enabled" "autoscaling.keda.prometheus" "autoscaling.keda.callsPerPod" "podDisruptionBudget.minAvailable" "networkPolicy" "serviceAccount.create"
  "podAnnotations" "podLabels" "affinity" "tests" -}}
{{- /*:[store]*/}}
{{- $needed = concat $needed (list "store.type" "owners") }}
{{- /*:[/store]*/}}
{{- /*:[sqlite]*/}}
{{- $needed = concat $needed (list "store.sqlite.path" "store.sqlite.persistence.keep" "store.sqlite.persistence.size" "store.sqlite.persistence.accessModes") }}
{{- /*:[/sqlite]*/}}
{{- /*:[postgres]*/}}
{{- $needed = concat $needed (list "store.postgres.key" "store.postgres.migrateTimeout" "store.postgres.port") }}
{{- /*:[/postgres]*/}}
{{- /*:[nats]*/}}
{{- $needed = append $needed "events.nats.url" }}
{{- /*:[/nats]*/}}
{{- /*:[sample]*/}}
{{- $needed = append $needed "inventory.endpoint" }}
{{- /*:[/sample]*/}}
{{- range $needed }}
{{- $at := $.Values }}
{{- $path := list }}
{{- range splitList "." . }}
{{- $path = append $path . }}
{{- if or (not (hasKey $at .)) (kindIs "invalid" (get $at .)) }}
{{- fail (printf "\n\n%s: null takes away what the chart cannot do without; leave it out, or write it as values.yaml has it\n" (join "." $path)) }}
{{- end }}
{{- $at = get $at . }}
{{- end }}
{{- end }}
{{- end -}}

{{/* What a Service can be called, and no reader of YAML takes for something else than a name. */}}
{{- define "validate.names" -}}
{{- $name := include "chart.fullname" . -}}
{{- /* Tests of charts call releases RELEASE-NAME; Helm itself refuses capitals. */}}
{{- if not (regexMatch "^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$" $name) }}
- "fullnameOverride: the release {{ .Release.Name }} makes objects called {{ $name }}, and a Service's name is a letter and then letters, digits and dashes; set this to one, or call the release otherwise"
{{- else if has $name (list "true" "false" "null" "yes" "no" "on" "off" "y" "n") }}
- "fullnameOverride: {{ $name }} is a value of YAML and would not everywhere be read as a name; choose another"
{{- end }}
{{- end -}}

{{/* Names of the chart's first form. */}}
{{- define "validate.renamed" -}}
{{- range $old, $new := dict
  "replicas" "replicaCount"
  "image.pullSecrets" "imagePullSecrets: [{name}]"
  "autoscaling.min" "autoscaling.minReplicas"
  "autoscaling.max" "autoscaling.maxReplicas"
  "autoscaling.cpu" "autoscaling.targetCPUUtilizationPercentage"
  "disruption" "podDisruptionBudget"
  "topologySpread" "topologySpreadConstraints, a list ([] for none)"
  "metrics.monitor" "metrics.podMonitor.enabled or metrics.serviceMonitor.enabled"
  "ingress.tlsSecret" "ingress.tls: [{secretName}]" }}
{{- $path := splitList "." $old }}
{{- $at := $.Values }}
{{- range initial $path }}{{- $at = get $at . }}{{- end }}
{{- if hasKey $at (last $path) }}
- "{{ $old }}: it has another name now; write {{ $new }}"
{{- end }}
{{- end }}
{{- range .Values.ingress.hosts }}
{{- if kindIs "string" . }}
- "ingress.hosts: {{ . }} has another form now; write [{host: {{ . }}}]"
{{- end }}
{{- end }}
{{- end -}}

{{/* What would stand in a ConfigMap for all to read. */}}
{{- define "validate.secrets" -}}
{{- $v := .Values -}}
{{- /*:[nats]*/}}
{{- if and (contains "@" $v.events.nats.url) (not $v.events.nats.existingSecret) }}
- "events.nats.url: it holds a password, and ConfigMaps are no secret; put it into a Secret and name that in events.nats.existingSecret"
{{- end }}
{{- /*:[/nats]*/}}
{{- $urls := dict "otel.endpoint" $v.otel.endpoint }}
{{- /*:[sample]*/}}
{{- $_ := set $urls "inventory.endpoint" $v.inventory.endpoint }}
{{- /*:[/sample]*/}}
{{- range $name, $url := $urls }}
{{- if contains "@" $url }}
- "{{ $name }}: it holds a password, and ConfigMaps are no secret; set its variable by extraEnv from a Secret"
{{- end }}
{{- end }}
{{- range $name, $of := dict
  "autoscaling.keda.prometheus" (list $v.autoscaling.keda.prometheus "let KEDA read it by autoscaling.keda.authenticationRef")
  "canary.flagger.prometheus" (list $v.canary.flagger.prometheus "name one that Flagger reaches without")
  "mesh.istio.contractFilter.url" (list $v.mesh.istio.contractFilter.url "name its Secret in mesh.istio.contractFilter.imagePullSecret")
  "jwt.jwksUri" (list $v.jwt.jwksUri "keys are public: name where anybody gets them") }}
{{- if contains "@" (first $of) }}
- "{{ $name }}: it holds a password, and whoever may see the release's objects could read it; {{ last $of }}"
{{- end }}
{{- end }}
{{- $texts := dict "extraArgs" $v.extraArgs "extraEnv" list }}
{{- range $v.extraEnv }}{{- $_ := set $texts "extraEnv" (append $texts.extraEnv (default "" .value)) }}{{- end }}
{{- range $name, $all := $texts }}
{{- range $all }}
{{- if regexMatch "://[^/@]*:[^/@]*@" (toString .) }}
- "{{ $name }}: a URL holds a password, and a Deployment is no secret; set its variable by extraEnv with valueFrom"
{{- end }}
{{- end }}
{{- end }}
{{- range $name, $upstream := $v.upstreams }}
{{- if contains "@" (default "" $upstream.endpoint) }}
- "upstreams.{{ $name }}.endpoint: it holds a password, and ConfigMaps are no secret; set {{ upper $name }}_ENDPOINT by extraEnv from a Secret"
{{- end }}
{{- end }}
{{- if regexMatch "\"(d|k|p|q)\"\\s*:" $v.jwt.jwks }}
- "jwt.jwks: it holds a private key, with which anybody who reads it could sign tokens; write the issuer's public keys only"
{{- end }}
{{- end -}}

{{- define "validate.network" -}}
{{- $v := .Values -}}
{{- if and $v.networkPolicy.enabled (ne $v.service.type "ClusterIP") (not $v.networkPolicy.callerCIDRs) (not $v.networkPolicy.extraIngress) }}
- "networkPolicy.callerCIDRs: a {{ $v.service.type }} is for callers outside of the cluster, and the policy admits none; list their networks or set service.type: ClusterIP"
{{- end }}
{{- if and $v.networkPolicy.enabled (include "metrics.scraped" .) (not $v.networkPolicy.monitoring) (not $v.networkPolicy.extraIngress) }}
- "networkPolicy.monitoring: metrics are to be scraped, and the policy admits nobody to the admin port; name Prometheus' namespace by label, such as kubernetes.io/metadata.name: observability"
{{- end }}
{{- if ne $v.service.type "LoadBalancer" }}
{{- range list "allocateLoadBalancerNodePorts" "loadBalancerClass" "loadBalancerSourceRanges" }}
{{- if not (has (get $v.service . | toString) (list "" "[]")) }}
- "service.{{ . }}: there is no load balancer; set service.type: LoadBalancer or remove it"
{{- end }}
{{- end }}
{{- end }}
{{- if eq $v.service.type "ClusterIP" }}
{{- range list "nodePort" "externalTrafficPolicy" }}
{{- if get $v.service . }}
- "service.{{ . }}: a ClusterIP has no way in from outside of the cluster; set service.type: NodePort or LoadBalancer, or remove it"
{{- end }}
{{- end }}
{{- end }}
{{- /*:[nats]*/}}
{{- range regexFindAll ":[0-9]+(/|,|$)" $v.events.nats.url -1 }}
{{- $port := regexFind "[0-9]+" . }}
{{- if and (not $v.events.nats.existingSecret) (ne $port (toString $v.events.nats.port)) }}
- "events.nats.port: the URL says {{ $port }} and this {{ $v.events.nats.port }}, which is what the NetworkPolicy and Linkerd go by; set it to the URL's"
{{- end }}
{{- end }}
{{- /*:[/nats]*/}}
{{- if and $v.terminationGracePeriodSeconds (lt (int $v.terminationGracePeriodSeconds) (include "pod.graceSeconds" . | int)) }}
- "terminationGracePeriodSeconds: leaving, draining and flushing take up to {{ include "pod.graceSeconds" . }} s, and {{ $v.terminationGracePeriodSeconds }} would cut calls off; raise it or shorten settings.drainTimeout"
{{- end }}
{{- /*:[postgres]*/}}
{{- if and (eq $v.store.postgres.migrateFrom "inside") (not (include "mesh.on" .)) }}
- "store.postgres.migrateFrom: there is no mesh to be inside of; set mesh.provider or outside"
{{- else if and (eq $v.store.postgres.migrateFrom "inside") (not $v.mesh.proxy.nativeSidecar) (not (include "mesh.ambient" .)) }}
- "store.postgres.migrateFrom: inside of the mesh the job would never end, because its sidecar does not; set mesh.proxy.nativeSidecar: true or outside"
{{- end }}
{{- /*:[/postgres]*/}}
{{- if and $v.metrics.podMonitor.enabled $v.metrics.serviceMonitor.enabled }}
- "metrics.serviceMonitor.enabled: with a PodMonitor beside it every pod would count twice; enable one of them"
{{- end }}
{{- if and (include "mesh.on" .) (include "validate.handlers" .) }}
- "{{ include "validate.handlers" . }}: a mesh's proxy lets only httpGet probes of the admin port through; leave its handler out"
{{- end }}
{{- end -}}

{{/* Ports of the pod that somebody else has. */}}
{{- define "validate.ports" -}}
{{- $v := .Values -}}
{{- if eq (int $v.ports.grpc) (int $v.ports.admin) }}
- "ports.admin: {{ $v.ports.admin }} is the port of the gRPC listener too; choose another"
{{- end }}
{{- $taken := list }}
{{- if eq $v.mesh.provider "istio" }}{{- $taken = list 15000 15001 15004 15006 15008 15020 15021 15053 15090 }}{{- end }}
{{- if include "mesh.ambient" . }}{{- $taken = list 15001 15006 15008 }}{{- end }}
{{- if include "mesh.linkerd" . }}{{- $taken = list 4140 4143 4190 4191 }}{{- end }}
{{- range $name, $port := $v.ports }}
{{- if has (int $port) $taken }}
- "ports.{{ $name }}: {{ $port }} is a port of {{ $v.mesh.provider }}'s proxy in the pod; choose another"
{{- end }}
{{- end }}
{{- end -}}

{{/* Autoscalers that would scale by nothing. */}}
{{- define "validate.scaling" -}}
{{- $v := .Values.autoscaling -}}
{{- $requests := default dict (default dict .Values.resources).requests -}}
{{- if and $v.keda.enabled (not $v.enabled) }}
- "autoscaling.keda.enabled: nothing scales while autoscaling.enabled is off; set it, or remove this"
{{- end }}
{{- if $v.enabled }}
{{- if not (or $v.keda.enabled $v.targetCPUUtilizationPercentage $v.targetMemoryUtilizationPercentage $v.metrics) }}
- "autoscaling.metrics: there is nothing to scale by; set a target, metrics or keda.enabled"
{{- end }}
{{- range $name, $target := dict "cpu" "targetCPUUtilizationPercentage" "memory" "targetMemoryUtilizationPercentage" }}
{{- if and (get $v $target) (not (get $requests $name)) }}
- "autoscaling.{{ $target }}: it is a share of what is requested, and nothing is; set resources.requests.{{ $name }}"
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* What Kubernetes takes once in a list: the API server refuses a second, or the last of them wins. */}}
{{- define "validate.repeated" -}}
{{- $v := .Values -}}
{{- $pod := dict "root" . "track" "stable" "tag" "" "deployment" "" -}}
{{- $spec := (include "pod.template" $pod | fromYaml).spec -}}
{{- $server := first $spec.containers -}}
{{- range $of := list
  (list "extraEnv" "name" $server.env)
  (list "volumes" "name" $spec.volumes)
  (list "volumeMounts" "mountPath" $server.volumeMounts)
  (list "sidecars" "name" (concat $spec.containers (default list $spec.initContainers))) }}
{{- $seen := list }}
{{- range default list (index $of 2) }}
{{- $name := get . (index $of 1) }}
{{- if has $name $seen }}
- "{{ first $of }}: there are two of {{ index $of 1 }} {{ $name }}, perhaps one the chart's own; give it another, or set the chart's value in its place"
{{- end }}
{{- $seen = append $seen $name }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The first probe whose handler is the user's. */}}
{{- define "validate.handlers" -}}
{{- $found := list -}}
{{- range $name := list "startupProbe" "livenessProbe" "readinessProbe" -}}
{{- $probe := get $.Values $name -}}
{{- if or $probe.grpc $probe.tcpSocket -}}{{- $found = append $found $name -}}{{- end -}}
{{- end -}}
{{- first (append $found "") -}}
{{- end -}}

{{- define "validate.workload" -}}
{{- $v := .Values -}}
{{- /*:[sqlite]*/}}
{{- if eq $v.store.type "sqlite" }}
{{- if gt (int $v.replicaCount) 1 }}
- "replicaCount: {{ $v.replicaCount }} pods cannot share SQLite's one volume; set replicaCount: 1 or store.type: postgres"
{{- end }}
{{- if $v.autoscaling.enabled }}
- "autoscaling.enabled: SQLite allows one pod only; disable it or set store.type: postgres"
{{- end }}
{{- if $v.canary.enabled }}
- "canary.enabled: a second version is a second pod, and SQLite allows one only; disable it or set store.type: postgres"
{{- end }}
{{- end }}
{{- $rolling := default dict $v.strategy.rollingUpdate }}
{{- if and (eq $v.store.type "sqlite") (eq (default "" $v.strategy.type) "RollingUpdate") (ne (toString $rolling.maxSurge) "0") }}
- "strategy.type: RollingUpdate waits for a second pod, which SQLite's one writer never lets start; remove it, or set rollingUpdate: {maxSurge: 0, maxUnavailable: 1}"
{{- end }}
{{- /*:[/sqlite]*/}}
{{- /*:[postgres]*/}}
{{- if and (eq $v.store.type "postgres") (not $v.store.postgres.existingSecret) }}
- "store.postgres.existingSecret: the database's URL is read from a Secret; create one with the key {{ $v.store.postgres.key }} and name it here"
{{- end }}
{{- /*:[/postgres]*/}}
{{- if and $v.autoscaling.enabled (gt (int $v.autoscaling.minReplicas) (int $v.autoscaling.maxReplicas)) }}
- "autoscaling.minReplicas: {{ $v.autoscaling.minReplicas }} is more than autoscaling.maxReplicas {{ $v.autoscaling.maxReplicas }}; swap them"
{{- end }}
{{- end -}}

{{- define "validate.mtls" -}}
{{- $v := .Values -}}
{{- $secret := include "mtls.secret" . -}}
{{- if and (has $v.mtls.mode (list "strict" "permissive")) (not (include "mesh.on" .)) (not $secret) }}
- "mtls.mode: {{ $v.mtls.mode }} without a mesh needs certificates; choose a mesh.provider, or set mtls.tls.secretName or mtls.tls.certManager"
{{- end }}
{{- if and (eq $v.mtls.mode "disabled") (include "mesh.ambient" .) }}
- "mtls.mode: disabled is ignored by Istio ambient, which always encrypts between members; use permissive"
{{- end }}
{{- if and (eq $v.mtls.mode "disabled") (include "mesh.linkerd" .) }}
- "mtls.mode: disabled is ignored by Linkerd, whose members always use mTLS between them; use permissive"
{{- end }}
{{- if and (include "mesh.on" .) $secret }}
- "mtls.tls: the mesh already does TLS, and would see only bytes of a second one; remove it or set mesh.provider: none"
{{- end }}
{{- if and $v.mtls.tls.certManager.enabled (not $v.mtls.tls.certManager.issuer) }}
- "mtls.tls.certManager.issuer: cert-manager needs to know who signs; name an issuer"
{{- end }}
{{- end -}}

{{- define "validate.policy" -}}
{{- $v := .Values -}}
{{- if and (include "mesh.ambient" .) (not $v.mesh.istio.waypoint.create) (not $v.mesh.istio.waypoint.name) }}
- "mesh.istio.waypoint.name: without a waypoint ambient knows no methods: no limits, retries or roles; name an existing one or set create: true"
{{- end }}
{{- if and (include "mesh.ambient" .) $v.mesh.istio.waypoint.create $v.mesh.istio.waypoint.namespace }}
- "mesh.istio.waypoint.namespace: the release's own waypoint is in its own namespace, and calls would go to another; remove it, or set create: false"
{{- end }}
{{- $all := (include "policy.all" . | fromYaml).methods -}}
{{- $known := list -}}
{{- range $all }}{{- $known = append $known .key }}{{- end }}
{{- range $name, $override := $v.methods }}
{{- if not (has $name $known) }}
- "methods.{{ $name }}: the contract has no such rpc; it has {{ join ", " $known }}"
{{- end }}
{{- end }}
{{- range $m := $all }}
{{- $o := default dict (get $v.methods $m.key) }}
{{- if and $m.retry (include "policy.unsafe" $m) }}
- "methods.{{ $m.key }}.retries: {{ include "policy.unsafe" $m }}; remove it or set maxAttempts: 1"
{{- end }}
{{- if and (hasKey $o "allowedCallers") (include "authorization.byService" $) }}
- "methods.{{ $m.key }}.allowedCallers: the service refuses callers itself, by its contract, and knows nothing of this; say it in the .proto (allowed_callers) or remove it"
{{- end }}
{{- if and (ne $m.streaming "none") (hasKey $o "timeout") }}
- "methods.{{ $m.key }}.timeout: a total time would cut the stream; remove it"
{{- end }}
{{- with $m.retry }}
{{- if and .perAttemptTimeoutMs $m.timeoutMs (ge (int64 .perAttemptTimeoutMs) (int64 $m.timeoutMs)) }}
- "methods.{{ $m.key }}: one attempt may take {{ include "duration.text" .perAttemptTimeoutMs }}, all together {{ include "duration.text" $m.timeoutMs }}; make perAttemptTimeout shorter than timeout"
{{- end }}
{{- end }}
{{- end }}
{{- if $v.mesh.linkerd.serviceProfile }}
{{- if not (include "mesh.linkerd" .) }}
- "mesh.linkerd.serviceProfile: only Linkerd reads it; set mesh.provider: linkerd or remove it"
{{- end }}
{{- if include "mesh.canary" . }}
- "mesh.linkerd.serviceProfile: it overrides the routes that split a canary's calls; remove it or disable canary"
{{- end }}
{{- end }}
{{- end -}}

{{- define "validate.authorization" -}}
{{- $v := .Values -}}
{{- if $v.authorization.enabled }}
{{- if and (not (include "mesh.on" .)) (not (include "mtls.files" .)) }}
- "authorization.enabled: without a mesh or certificates nobody proves who calls; choose a mesh.provider, set mtls.tls or disable it"
{{- end }}
{{- if and (include "mesh.ambient" .) (include "authorization.byService" .) }}
- "authorization.by: on ambient no proxy beside the service tells it who calls; set mesh"
{{- end }}
{{- if and (include "mesh.on" .) (eq (include "mtls.mode" .) "disabled") }}
- "authorization.enabled: callers are known by mTLS, which is disabled; set mtls.mode: strict or permissive"
{{- end }}
{{- if and (include "mesh.linkerd" .) (include "authorization.byMesh" .) (ne (include "mtls.mode" .) "strict") }}
- "authorization.enabled: in mtls.mode: permissive Linkerd could only write down who may not call, and lets everyone in; set mtls.mode: strict, or authorization.by: service"
{{- end }}
{{- range $role := include "validate.rolesUsed" . | fromYamlArray }}
{{- if not (get $v.authorization.roles $role) }}
- "authorization.roles.{{ $role }}: the contract lets this role call, but no service account has it; list at least one"
{{- end }}
{{- end }}
{{- end }}
{{- if $v.jwt.enabled }}
{{- if not $v.jwt.issuer }}
- "jwt.issuer: a token is checked against its issuer; name it as in the token's iss"
{{- end }}
{{- range $name, $_ := $v.jwt.claims }}
{{- if and (contains "." $name) (not (contains "/" $name)) }}
- "jwt.claims: no issuer writes a claim {{ $name }}, and a token would need it; write it as it stands there, {{ $name | replace "." ": {" }}: […]}"
{{- end }}
{{- end }}
{{- if and $v.jwt.jwks (not (kindIs "slice" (get (fromJson $v.jwt.jwks) "keys"))) }}
- "jwt.jwks: it is no JWK Set; write the JSON that the issuer publishes, {\"keys\": […]}"
{{- end }}
{{- if include "jwt.byService" . }}
{{- if not (or $v.jwt.jwks $v.jwt.jwksConfigMap) }}
- "jwt.jwks: on {{ $v.mesh.provider }} the service checks tokens itself, and fetches no keys; write the issuer's JWK Set here, or name a ConfigMap that has it in jwt.jwksConfigMap"
{{- end }}
{{- if and $v.jwt.jwks $v.jwt.jwksConfigMap }}
- "jwt.jwksConfigMap: the keys are in jwt.jwks too; remove one of them"
{{- end }}
{{- if not $v.jwt.required }}
- "jwt.required: on {{ $v.mesh.provider }} the service checks tokens itself, and calls without one cannot pass; remove it"
{{- end }}
{{- range $v.jwt.audiences }}
{{- if or (not .) (contains "," .) }}
- "jwt.audiences: {{ . | quote | trimAll "\"" }} cannot be told to the service, where commas separate audiences; leave it out"
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- /*:[store]*/}}
{{- define "validate.owners" -}}
{{- $v := .Values.owners -}}
{{- if and (or $v.overseer (eq $v.by "caller")) (not (include "callers.areKnown" .)) }}
- "owners.{{ ternary "overseer" "by" (ne $v.overseer "") }}: no sidecar and no certificate tells the service who calls; choose istio or linkerd with mTLS, set mtls.tls or leave it out"
{{- end }}
{{- if and $v.overseer (not (get .Values.authorization.roles $v.overseer)) }}
- "owners.overseer: no service account has the role {{ $v.overseer }}; list at least one in authorization.roles.{{ $v.overseer }}"
{{- end }}
{{- if and (or $v.overseerClaims (eq $v.by "token-subject")) (not (include "jwt.byService" .)) }}
- "owners.{{ ternary "overseerClaims" "by" (gt (len $v.overseerClaims) 0) }}: the service learns what tokens say only where it checks them, on linkerd, without a mesh and with jwt.by: service; enable jwt there or leave it out"
{{- end }}
{{- end -}}

{{- /*:[/store]*/}}
{{- define "validate.rolesUsed" -}}
{{- $roles := list -}}
{{- range (include "policy.all" . | fromYaml).methods -}}
{{- $roles = concat $roles (default list .allowedCallers) -}}
{{- end -}}
{{- $roles | uniq | sortAlpha | toYaml -}}
{{- end -}}

{{- define "validate.canary" -}}
{{- $v := .Values -}}
{{- if $v.canary.enabled }}
{{- if not (include "mesh.on" .) }}
- "canary.enabled: without a mesh nothing splits the calls; choose a mesh.provider, or install a second release"
{{- end }}
{{- if and (eq $v.canary.provider "mesh") (not $v.canary.tag) }}
- "canary.tag: the second version needs an image tag; set it"
{{- end }}
{{- if eq $v.canary.provider "flagger" }}
{{- if include "mesh.ambient" . }}
- "canary.provider: Flagger and a waypoint's routes would undo each other; use mesh"
{{- end }}
{{- if and (not (include "metrics.scraped" .)) }}
- "canary.provider: Flagger judges by what the service counts; enable metrics.podMonitor, metrics.serviceMonitor or metrics.annotations"
{{- end }}
{{- if eq $v.retries.layer "mesh" }}
- "retries.layer: Flagger's one route cannot tell methods apart, so the mesh must not repeat; set client or none"
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "validate.ingress" -}}
{{- $v := .Values -}}
{{- with $v.ingress }}
{{- if ne .type "none" }}
{{- if not .hosts }}
- "ingress.hosts: calls are routed by host name; list at least one"
{{- end }}
{{- if and (eq .type "istio") (ne $v.mesh.provider "istio") }}
- "ingress.type: istio needs mesh.provider: istio (it is {{ $v.mesh.provider }}); use gateway-api"
{{- end }}
{{- if and (eq .type "gateway-api") .gateway.create (not .gateway.name) (not .className) (not (include "mesh.istio" $)) }}
- "ingress.className: {{ $v.mesh.provider }} brings no Gateway of its own; name the class of the one installed"
{{- end }}
{{- if and (eq .type "gateway-api") (include "mesh.istio" $) (not .gateway.retriesOff) }}
- "ingress.gateway.retriesOff: through the Gateway API Istio repeats every rpc twice, also those that may not be; set defaultHttpRetryPolicy.attempts: 0 in the mesh's configuration and say so here, or use ingress.type: istio"
{{- end }}
{{- if and (ne .type "none") (not .gateway.create) (not .gateway.name) (ne .type "kubernetes") }}
- "ingress.gateway.name: nothing is created and nothing named; set one of create and name"
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "validate.fault" -}}
{{- $v := .Values -}}
{{- with $v.fault }}
{{- if .enabled }}
{{- if not (include "mesh.on" $) }}
- "fault.enabled: failures are injected by a mesh; choose a mesh.provider or disable it"
{{- end }}
{{- if include "mesh.linkerd" $ }}
{{- if gt (float64 .delayPercent) 0.0 }}
- "fault.delayPercent: Linkerd cannot delay; set 0 and use abortPercent"
{{- end }}
{{- if and (gt (float64 .abortPercent) 0.0) (not .backend) }}
- "fault.backend: Linkerd fails calls by sending them to a Service that does; name it"
{{- end }}
{{- end }}
{{- $known := list }}
{{- range (include "policy.all" $ | fromYaml).methods }}{{- $known = append $known .key }}{{- end }}
{{- range .methods }}
{{- if not (has . $known) }}
- "fault.methods: the contract has no rpc {{ . }}; it has {{ join ", " $known }}"
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- if and $v.locality.enabled (not $v.circuitBreaking.enabled) (include "mesh.istio" .) }}
- "locality.enabled: Istio fails over only from endpoints it finds failing; set circuitBreaking.enabled: true"
{{- end }}
{{- if and $v.circuitBreaking.enabled (lt (include "duration.ms" $v.circuitBreaking.maxEjection | int64) (include "duration.ms" $v.circuitBreaking.baseEjection | int64)) }}
- "circuitBreaking.maxEjection: {{ $v.circuitBreaking.maxEjection }} is shorter than circuitBreaking.baseEjection {{ $v.circuitBreaking.baseEjection }}, and Linkerd would drop both; swap them"
{{- end }}
{{- if and $v.loadBalancing.hashHeader (ne $v.loadBalancing.warmup "0s") }}
- "loadBalancing.warmup: a hash has no shares to grow; remove it or hashHeader"
{{- end }}
{{- end -}}

{{- define "validate.metrics" -}}
{{- $v := .Values -}}
{{- if and $v.tracing.mesh.enabled (not (include "mesh.istio" .)) }}
- "tracing.mesh.enabled: {{ $v.mesh.provider }} has no tracing object; Linkerd sets it in its control plane (deploy/linkerd)"
{{- end }}
{{- if and $v.slo.enabled (not (include "metrics.scraped" .)) }}
- "slo.enabled: alerts need scraped metrics; enable metrics.podMonitor, metrics.serviceMonitor or metrics.annotations"
{{- end }}
{{- if and $v.autoscaling.enabled $v.autoscaling.keda.enabled (not (include "metrics.scraped" .)) }}
- "autoscaling.keda.enabled: KEDA counts calls by scraped metrics; enable metrics.podMonitor, metrics.serviceMonitor or metrics.annotations"
{{- end }}
{{- if and (eq $v.tests.from "inside") (not (include "mesh.on" .)) }}
- "tests.from: there is no mesh to be inside of; set mesh.provider or tests.from: auto"
{{- else if and (eq $v.tests.from "inside") (not $v.mesh.proxy.nativeSidecar) (not (include "mesh.ambient" .)) }}
- "tests.from: inside of the mesh the pod would never end, because its sidecar does not; set mesh.proxy.nativeSidecar: true or tests.from: outside"
{{- end }}
{{- end -}}
{{/*{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}{% comment %}*/}}{% endcomment %}
