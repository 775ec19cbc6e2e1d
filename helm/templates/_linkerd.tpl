{{/* Pieces of Linkerd's routes and policies. */}}

{{/* "true" where GRPCRoutes carry the policy: not under Flagger, whose HTTPRoute they would beat, nor a ServiceProfile, which would beat them. */}}
{{- define "linkerd.routes" -}}
{{- if and (include "mesh.linkerd" .) (not (include "mesh.flagger" .)) (not .Values.mesh.linkerd.serviceProfile) -}}true{{- end -}}
{{- end -}}

{{/* How many methods a route may have: the Gateway API allows 128 matches, and with a canary's header each method has two. */}}
{{- define "linkerd.most" -}}
{{- ternary 64 128 (and (ne "" (include "mesh.canary" .)) (ne "" (default "" .Values.canary.header.name))) -}}
{{- end -}}

{{/* Behind the name of a route that does not hold all of them; takes its index. The first has the name alone. */}}
{{- define "linkerd.part" -}}
{{- if . -}}-part-{{ add1 . }}{{- end -}}
{{- end -}}

{{/* Annotations of one class: they cover a whole route object, so each class has its own. No spaces in lists. */}}
{{- define "linkerd.policy" -}}
{{- if .timeoutMs }}
timeout.linkerd.io/request: {{ include "duration.text" .timeoutMs }}
{{- end }}
{{- with .retry }}
retry.linkerd.io/grpc: {{ include "linkerd.codes" .codes }}
retry.linkerd.io/limit: {{ sub (int .maxAttempts) 1 | quote }}
{{- with .perAttemptTimeoutMs }}
retry.linkerd.io/timeout: {{ include "duration.text" . }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "linkerd.codes" -}}
{{- $codes := list -}}
{{- range . -}}{{- $codes = append $codes (lower . | replace "_" "-") -}}{{- end -}}
{{- join "," $codes -}}
{{- end -}}

{{/* Where calls go, always said: a route without backends goes nowhere. Takes root, to and fault. */}}
{{- define "linkerd.backends" -}}
{{- $name := include "chart.fullname" .root -}}
{{- $port := include "service.port" .root -}}
{{- $weights := dict -}}
{{- if not (include "mesh.canary" .root) -}}
{{- $_ := set $weights $name 100 -}}
{{- else if eq .to "canary" -}}
{{- $_ := set $weights (printf "%s-canary" $name) 100 -}}
{{- else -}}
{{- $_ := set $weights (printf "%s-stable" $name) (sub 100 (int .root.Values.canary.weight)) -}}
{{- $_ := set $weights (printf "%s-canary" $name) (int .root.Values.canary.weight) -}}
{{- end -}}
{{- $fails := ternary (int .root.Values.fault.abortPercent) 0 (ne "" (default "" .fault)) -}}
{{- range $backend := keys $weights | sortAlpha }}
- name: {{ $backend | quote }}
  port: {{ $port }}
  weight: {{ mul (get $weights $backend | int) (sub 100 $fails) }}
{{- end }}
{{- if $fails }}
- name: {{ .root.Values.fault.backend | quote }}
  port: {{ $port }}
  weight: {{ mul 100 $fails }}
{{- end }}
{{- end -}}

{{/* Rules of one class; takes root, methods, fault. A header alone is no valid match, so it joins each method. */}}
{{- define "linkerd.rules" -}}
{{- $header := .root.Values.canary.header -}}
{{- $to := list "weighted" -}}
{{- if and (include "mesh.canary" .root) $header.name -}}
{{- $to = list "canary" "weighted" -}}
{{- end -}}
{{- range $to }}
{{- $to := . }}
{{- range chunk 8 $.methods }}
- matches:
    {{- range . }}
    {{- $match := dict "method" (merge (dict "type" "Exact") .) }}
    {{- if eq $to "canary" }}
    {{- $_ := set $match "headers" (list (dict "type" "Exact" "name" $header.name "value" $header.value)) }}
    {{- end }}
    {{- toYaml (list $match) | nindent 4 }}
    {{- end }}
  backendRefs:
    {{- include "linkerd.backends" (dict "root" $.root "to" $to "fault" $.fault) | trim | nindent 4 }}
{{- end }}
{{- end }}
{{- end -}}

{{/* [{service, method}] as the Gateway API names them. */}}
{{- define "linkerd.methods" -}}
{{- $list := list -}}
{{- range . -}}{{- $list = append $list (dict "service" .service "method" .name) -}}{{- end -}}
{{- $list | toYaml -}}
{{- end -}}

{{/* [{service}] of everything that the server offers. */}}
{{- define "linkerd.services" -}}
{{- $list := list -}}
{{- range (include "policy.all" . | fromYaml).services -}}
{{- $list = append $list (dict "service" .name) -}}
{{- end -}}
{{- range (include "policy.common" . | fromYaml).services -}}
{{- $list = append $list (dict "service" .) -}}
{{- end -}}
{{- $list | toYaml -}}
{{- end -}}
