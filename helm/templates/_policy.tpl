{{/* The contract, with the values' overrides: one list of rpcs that every provider renders from. */}}

{{- define "policy.contract" -}}
{{- .Files.Get "files/contract.yaml" -}}
{{- end -}}

{{/* {services: […], methods: […]} of what this service offers. */}}
{{- define "policy.all" -}}
{{- $services := list -}}
{{- $methods := list -}}
{{- $layer := .Values.retries.layer -}}
{{- range $service := (include "policy.contract" . | fromYaml).services -}}
{{- if eq $service.role "server" -}}
{{- $services = append $services (dict "name" $service.name "retryThrottling" (default dict $service.retryThrottling)) -}}
{{- range $method := $service.methods -}}
{{- $key := default $method.name $method.key -}}
{{- $override := default dict (get $.Values.methods $key) -}}
{{- $merged := include "policy.merge" (dict "method" $method "override" $override) | fromYaml -}}
{{- $methods = append $methods (merge (dict "service" $service.name "key" $key) $merged) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- dict "services" $services "methods" $methods | toYaml -}}
{{- end -}}

{{/* One rpc: what the values say, else what the contract says. An absent retry is no retry. */}}
{{- define "policy.merge" -}}
{{- $m := deepCopy .method -}}
{{- $o := .override -}}
{{- if hasKey $o "timeout" -}}
{{- $_ := set $m "timeoutMs" (include "duration.ms" $o.timeout | int64) -}}
{{- end -}}
{{- if hasKey $o "allowedCallers" -}}
{{- $_ := set $m "allowedCallers" $o.allowedCallers -}}
{{- end -}}
{{- with $o.retries -}}
{{- if le (int (default 2 .maxAttempts)) 1 -}}
{{- $_ := unset $m "retry" -}}
{{- else -}}
{{- $r := default (dict "maxAttempts" 2 "initialBackoffMs" 50 "maxBackoffMs" 1000 "backoffMultiplier" 2 "codes" (list "UNAVAILABLE")) $m.retry -}}
{{- if hasKey . "maxAttempts" -}}{{- $_ := set $r "maxAttempts" (int .maxAttempts) -}}{{- end -}}
{{- if hasKey . "perAttemptTimeout" -}}
{{- $_ := set $r "perAttemptTimeoutMs" (include "duration.ms" .perAttemptTimeout | int64) -}}
{{- end -}}
{{- if hasKey . "codes" -}}{{- $_ := set $r "codes" .codes -}}{{- end -}}
{{- $_ := set $m "retry" $r -}}
{{- end -}}
{{- end -}}
{{- $m | toYaml -}}
{{- end -}}

{{/* Why an rpc may not be repeated; empty: it may. */}}
{{- define "policy.unsafe" -}}
{{- if ne .streaming "none" -}}
a stream cannot be repeated
{{- else if eq .idempotency "unsafe" -}}
repeating it could do its work twice; declare idempotency_level or a request_id in the .proto if it is safe
{{- end -}}
{{- end -}}

{{/*
Rpcs that a route treats alike, as a list of {key, methods, timeoutMs, retry,
stream}. Streams have no time limit, and what is not retried says so.
*/}}
{{- define "policy.classes" -}}
{{- $all := include "policy.all" . | fromYaml -}}
{{- $classes := dict -}}
{{- $sequence := list -}}
{{- $mesh := eq .Values.retries.layer "mesh" -}}
{{- range $m := $all.methods -}}
{{- $stream := ne $m.streaming "none" -}}
{{- $timeout := ternary (default 0 $m.timeoutMs | int64) 0 (and $.Values.timeouts.enabled (not $stream)) -}}
{{- $retry := ternary (default dict $m.retry) dict (and $mesh (not $stream)) -}}
{{- $fault := include "fault.applies" (dict "root" $ "method" $m) -}}
{{- $id := printf "%d/%s/%v/%s" $timeout ($retry | toJson) $stream $fault -}}
{{- if not (hasKey $classes $id) -}}
{{- $sequence = append $sequence $id -}}
{{- $key := include "policy.key" (dict "timeout" $timeout "retry" $retry "stream" $stream "fault" $fault) -}}
{{- $_ := set $classes $id (dict "key" $key "methods" list "timeoutMs" $timeout "retry" $retry "stream" $stream "fault" $fault) -}}
{{- end -}}
{{- $class := get $classes $id -}}
{{- $_ := set $class "methods" (append $class.methods (pick $m "service" "name" "path")) -}}
{{- end -}}
{{- $list := list -}}
{{- $keys := dict -}}
{{- range $sequence -}}
{{- $class := get $classes . -}}
{{- if hasKey $keys $class.key -}}{{- $_ := set $class "key" (printf "%s-%d" $class.key (len $list)) -}}{{- end -}}
{{- $_ := set $keys $class.key true -}}
{{- $list = append $list $class -}}
{{- end -}}
{{- dict "classes" $list | toYaml -}}
{{- end -}}

{{/* A name that says what the class does: retry-2-5s, once-5s, stream. */}}
{{- define "policy.key" -}}
{{- if .stream -}}stream
{{- else -}}
{{- if .retry -}}retry-{{ sub (int .retry.maxAttempts) 1 }}{{- else -}}once{{- end -}}
{{- if .timeout -}}-{{ include "duration.text" .timeout }}{{- end -}}
{{- end -}}
{{- if .fault -}}-fault{{- end -}}
{{- end -}}

{{/* Rpcs by who may call them: [{key, roles, paths, methods}]; no role: every authenticated caller. */}}
{{- define "policy.callers" -}}
{{- $groups := dict -}}
{{- range $m := (include "policy.all" . | fromYaml).methods -}}
{{- $roles := default list $m.allowedCallers | sortAlpha -}}
{{- $key := ternary (join "-" $roles) "everyone" (gt (len $roles) 0) -}}
{{- $group := default (dict "key" $key "roles" $roles "paths" list "methods" list) (get $groups $key) -}}
{{- $_ := set $group "paths" (append $group.paths $m.path) -}}
{{- $_ := set $group "methods" (append $group.methods (pick $m "service" "name")) -}}
{{- $_ := set $groups $key $group -}}
{{- end -}}
{{- $list := list -}}
{{- range $key := keys $groups | sortAlpha -}}{{- $list = append $list (get $groups $key) -}}{{- end -}}
{{- dict "groups" $list | toYaml -}}
{{- end -}}

{{/* Services that every gRPC server offers beside its own. */}}
{{- define "policy.common" -}}
services:
  - grpc.health.v1.Health
  {{- if .Values.settings.reflection }}
  - grpc.reflection.v1.ServerReflection
  - grpc.reflection.v1alpha.ServerReflection
  {{- end }}
{{- end -}}
