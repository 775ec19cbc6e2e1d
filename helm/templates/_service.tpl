{{- define "service.meshLabels" -}}
{{- if include "mesh.ambient" . -}}
istio.io/use-waypoint: {{ include "mesh.waypoint" . }}
{{- else if and (include "mesh.linkerd" .) .Values.mesh.linkerd.export -}}
mirror.linkerd.io/exported: "true"
{{- end -}}
{{- end -}}

{{/* The user's, and Linkerd's circuit breaking, which sits on the Service. Takes root and main. */}}
{{- define "service.annotations" -}}
{{- with .root.Values.service.annotations }}
{{- toYaml . }}
{{- end }}
{{- with .root.Values.circuitBreaking }}
{{- if and .enabled (include "mesh.linkerd" $.root) }}
balancer.linkerd.io/failure-accrual: consecutive
balancer.linkerd.io/failure-accrual-consecutive-max-failures: {{ .consecutiveErrors | quote }}
balancer.linkerd.io/failure-accrual-consecutive-min-penalty: {{ .baseEjection }}
balancer.linkerd.io/failure-accrual-consecutive-max-penalty: {{ .maxEjection }}
{{- end }}
{{- end }}
{{- end -}}
